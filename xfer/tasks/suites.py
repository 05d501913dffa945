"""Languages of the benchmarks, in BCP-47, and the codes that their sources use instead.

Sources: ``XTREME_TASK2LANGS`` in google-research/xtreme, evaluate.py (Hu et al. 2020, arXiv 2003.11080); of the other
benchmarks the data sets' own pages.
"""

from __future__ import annotations

from types import MappingProxyType


def _split(codes: str) -> tuple[str, ...]:
    return tuple(codes.split())


XNLI = _split("ar bg de el en es fr hi ru sw th tr ur vi zh")
PAWSX = _split("de en es fr ja ko zh")
UDPOS = _split("af ar bg de el en es et eu fa fi fr he hi hu id it ja kk ko mr nl pt ru ta te th tl tr ur vi yo zh")
PANX = _split(
    "af ar bg bn de el en es et eu fa fi fr he hi hu id it ja jv ka kk ko ml mr ms my nl pt ru sw ta te th tl tr "
    "ur vi yo zh"
)
XQUAD = _split("en es de el ru tr ar vi th zh hi")
MLQA = _split("en es de ar hi vi zh")
TYDIQA = _split("en ar bn fi id ko ru sw te")
XCOPA = _split("et ht id it qu sw ta th tr vi zh")
X_CSQA = _split("en zh de es fr it ja nl pl pt ru ar vi hi sw ur")
XSTORY_CLOZE = _split("en ru zh es ar hi id te sw eu my")
BUCC = _split("de fr ru zh")
TATOEBA = _split(
    "af ar bg bn de el es et eu fa fi fr he hi hu id it ja jv ka kk ko ml mr nl pt ru sw ta te th tl tr ur vi zh"
)

ISO_639_3 = MappingProxyType(
    dict(
        zip(
            TATOEBA,
            _split(
                "afr ara bul ben deu ell spa est eus pes fin fra heb hin hun ind ita jpn jav kat kaz kor mal mar "
                "nld por rus swh tam tel tha tgl tur urd vie cmn"
            ),
            strict=True,
        )
    )
)
"""Tatoeba's codes."""

ENGLISH_NAMES = MappingProxyType(
    dict(
        zip(
            UDPOS,
            _split(
                "Afrikaans Arabic Bulgarian German Greek English Spanish Estonian Basque Persian Finnish French "
                "Hebrew Hindi Hungarian Indonesian Italian Japanese Kazakh Korean Marathi Dutch Portuguese Russian "
                "Tamil Telugu Thai Tagalog Turkish Urdu Vietnamese Yoruba Chinese"
            ),
            strict=True,
        )
    )
)
"""Names in the configurations ``udpos.NAME`` of google/xtreme."""

TYDIQA_NAMES = MappingProxyType(
    dict(zip(TYDIQA, _split("english arabic bengali finnish indonesian korean russian swahili telugu"), strict=True))
)
"""How the ids of TyDiQA's rows begin."""

FLORES = MappingProxyType(
    dict(
        zip(
            PANX,
            _split(
                "afr_Latn arb_Arab bul_Cyrl ben_Beng deu_Latn ell_Grek eng_Latn spa_Latn est_Latn eus_Latn pes_Arab "
                "fin_Latn fra_Latn heb_Hebr hin_Deva hun_Latn ind_Latn ita_Latn jpn_Jpan jav_Latn kat_Geor kaz_Cyrl "
                "kor_Hang mal_Mlym mar_Deva zsm_Latn mya_Mymr nld_Latn por_Latn rus_Cyrl swh_Latn tam_Taml tel_Telu "
                "tha_Thai tgl_Latn tur_Latn urd_Arab vie_Latn yor_Latn zho_Hans"
            ),
            strict=True,
        )
    )
)
"""FLORES-200's codes of XTREME's languages, which Belebele's configurations are called by."""

COPA_QUESTIONS = MappingProxyType({"cause": "What was the cause?", "effect": "What happened as a result?"})
"""How COPA's two kinds of question are put to a model, in whatever language the rest is."""
