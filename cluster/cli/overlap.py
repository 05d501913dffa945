"""``xfer overlap``: what of a study's evaluated data stands in the data that its models have seen."""

from __future__ import annotations

from cluster.cli.arguments import Data, StudyPath, set_roots
from cluster.cli.results import Format, Out, Shape, deliver


def overlap(study: StudyPath, data: Data = None, shape: Format = Shape.table, out: Out = None) -> None:
    """Hold evaluated data against training, selection and pretraining data; ``report`` then marks what overlaps.

    What was found is kept in the storage, so that the same data are looked at once.
    """
    from xfer.study import overlaps
    from xfer.study.opening import open_study
    from xfer.study.resolve import Roots

    set_roots(data, None)
    opened = open_study(study)
    found = overlaps.kept(opened.store, opened.study, opened.lock)
    if found is None:
        found = overlaps.find(opened.study, opened.lock, Roots.from_environment())
        overlaps.keep(opened.store, opened.study, opened.lock, found)
    deliver(found, shape, out, hidden=("rows",))
    if shape is Shape.table and out is None:
        groups = overlaps.groups(opened.study, opened.lock)
        evaluated = {place for group in groups for place in group.against}
        others = {place for group in groups for place in group.sources}
        print(f"{len(evaluated)} evaluated splits were held against {len(others)}: {found.num_rows} overlaps")
