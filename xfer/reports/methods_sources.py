"""What a study builds on: its data sets with citation and licence, and the methods that it used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from xfer.phase.phase import Phase
from xfer.reports.prose import Paragraph, listed
from xfer.reports.uses import Use
from xfer.study.lock import Lock
from xfer.study.plan import Plan
from xfer.study.schema import Study
from xfer.tasks.source import Generated
from xfer.tasks.task import Task

ARCHITECTURES: Mapping[str, str] = MappingProxyType(
    {
        "albert": "ALBERT: Lan et al. 2020, arXiv 1909.11942",
        "bert": "BERT: Devlin et al. 2019, arXiv 1810.04805",
        "camembert": "CamemBERT: Martin et al. 2020, arXiv 1911.03894",
        "deberta": "DeBERTa: He et al. 2021, arXiv 2006.03654",
        "deberta-v2": "DeBERTa: He et al. 2021, arXiv 2006.03654",
        "distilbert": "DistilBERT: Sanh et al. 2019, arXiv 1910.01108",
        "electra": "ELECTRA: Clark et al. 2020, arXiv 2003.10555",
        "modernbert": "ModernBERT: Warner et al. 2024, arXiv 2412.13663",
        "mpnet": "MPNet: Song et al. 2020, arXiv 2004.09297",
        "rembert": "RemBERT: Chung et al. 2021, arXiv 2010.12821",
        "roberta": "RoBERTa: Liu et al. 2019, arXiv 1907.11692",
        "xlm-roberta": "XLM-R’s architecture: Conneau et al. 2020, arXiv 1911.02116",
        "xlm-roberta-xl": "XLM-R XL: Goyal et al. 2021, arXiv 2105.00572",
    }
)
"""By ``model_type``: whom to cite for it."""


def tasks_of(study: Study) -> tuple[Task, ...]:
    """Every task that the study reads: for pretraining, arms and targets."""
    names = [ref.scratch.text for ref in study.models if ref.scratch]
    names += [name for arm in study.arms for name in arm.trains_on]
    for target in study.targets:
        names += [name for name in (study.registry.get(target.task).trains_on, target.task) if name]
    return tuple(study.registry.get(name) for name in dict.fromkeys(names))


def data_sets(tasks: Sequence[Task], lock: Lock) -> Paragraph:
    """Where each task's data come from."""
    text = ""
    if any(task.source.ids and not lock.revisions.keys() & set(task.source.ids) for task in tasks):
        text = (
            "Local copies are known by the sha256 of their content, which the study’s lock holds; they need not be the "
            "whole of what was published."
        )
    return Paragraph("Data sets", text, tuple(_data_set(task, lock) for task in tasks))


def _data_set(task: Task, lock: Lock) -> str:
    if isinstance(task.source, Generated):
        return f"{task.name}: generated for this study."
    commits = [lock.revisions[name] for name in task.source.ids if name in lock.revisions]
    at = listed([f"commit {commit} on the Hugging Face Hub" for commit in commits] or ["a local copy"])
    citation, licence = task.citation or "no citation known", task.licence or "not known"
    return f"{task.name}: {citation}; {task.source.title}, {at}; licence: {licence}."


def works(study: Study, plan: Plan, found: Sequence[Use], tasks: Sequence[Task], stages: Sequence[int]) -> Paragraph:
    """Whom to cite for what was done; ``stages`` are the ZeRO stages that were used."""
    cited = (*_design(study, tasks), *_models(study, plan, tasks), *_search(study), *_engine(found, stages))
    return Paragraph("Methods used", "", tuple(f"{work}." for work in dict.fromkeys(cited)))


def _design(study: Study, tasks: Sequence[Task]) -> Iterator[str]:
    if any(arm.trains_on for arm in study.arms):
        yield "Intermediate-task training: Phang et al. 2018, arXiv 1811.01088"
        yield "Zero-shot transfer after English intermediate tasks: Phang et al. 2020, arXiv 2005.13013"
    if any("xtreme" in study.registry.get(target.task).suites for target in study.targets):
        yield "XTREME: Hu et al. 2020, arXiv 2003.11080"
    if any(arm.drawn.cap or arm.drawn.temperature for arm in study.arms):
        yield "Mixing in proportion to rows: Raffel et al. 2020, arXiv 1910.10683, section 3.5.2"
    if any(task.metric == "tag_f1" for task in tasks):
        yield "seqeval: Nakayama 2018, github.com/chakki-works/seqeval"


def _models(study: Study, plan: Plan, tasks: Sequence[Task]) -> Iterator[str]:
    for spec in plan.models.values():
        if (kind := str(spec.config.get("model_type"))) in ARCHITECTURES:
            yield ARCHITECTURES[kind]
    scratch = [ref.scratch for ref in study.models if ref.scratch]
    if any(made.size != "nano" for made in scratch):
        yield "Sizes of small encoders: Turc et al. 2019, arXiv 1908.08962"
    if scratch:
        yield "Byte-pair encoding: Sennrich et al. 2016, arXiv 1508.07909"
    if any(task.format.output == "vocabulary" for task in tasks):
        yield "Masked language modelling: Devlin et al. 2019, arXiv 1810.04805, section 3.1"


def _search(study: Study) -> Iterator[str]:
    if study.tune is None:
        return
    if study.tune.learning_rate.low is not None:
        yield "Random search: Bergstra and Bengio 2012, JMLR 13, 281–305"
    if study.tune.scheduler is not None:
        yield "ASHA: Li et al. 2020, arXiv 1810.05934"
    yield "Ray Tune: Liaw et al. 2018, arXiv 1807.05118"


def _engine(found: Sequence[Use], stages: Sequence[int]) -> Iterator[str]:
    phases: list[Phase] = [use.phase for use in found]
    if not phases:
        return
    yield "AdamW: Loshchilov and Hutter 2019, arXiv 1711.05101"
    if any(len(phase.trains_on) > 1 for phase in phases):
        yield "Order of the tasks in a mixture: Tijdeman 1980, Discrete Mathematics 32, 323–330"
    yield "DeepSpeed: Rasley et al. 2020, doi 10.1145/3394486.3406703"
    if any(stages):
        yield "ZeRO: Rajbhandari et al. 2020, arXiv 1910.02054"
    yield "Ray: Moritz et al. 2018, arXiv 1712.05889"
    yield "PyTorch: Paszke et al. 2019, arXiv 1912.01703"
    yield "Transformers: Wolf et al. 2020, arXiv 1910.03771"
