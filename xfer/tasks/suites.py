"""Languages of the benchmarks, in BCP-47, and the codes that their sources use instead.

Sources: ``XTREME_TASK2LANGS`` in google-research/xtreme, evaluate.py (Hu et al. 2020, arXiv 2003.11080).
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
