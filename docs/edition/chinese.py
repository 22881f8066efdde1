"""The Chinese pages: the map of lessons, and what the site itself says around their text."""

import re

from edition.places import ROOT, Places, rewritten
from semcache.course.registry import LESSONS

__all__ = ["chinese_map", "in_chinese", "titles"]

_ROW = re.compile(r"^\| \[(\d\d) ([^\]]+)\]\([^)]+\) \| (.+?) \|$", re.M)
_AROUND = {
    "Skip to main content": "跳到正文",
    "Back to top": "回到顶部",
    "Search": "搜索",
    "Search (English or 中文)": "搜索（中文或 English）",
    "Contents": "本页内容",
    "On this page": "本页内容",
    "previous": "上一页",
    "next": "下一页",
    "previous page": "上一页",
    "next page": "下一页",
    "Main": "全站",
    "Page": "本页",
    "Version warning": "版本提示",
    "Color mode": "颜色模式",
    "Light": "浅色",
    "Dark": "深色",
    "System Settings": "跟随系统",
    "Toggle primary sidebar": "显示或隐藏目录",
    "Toggle secondary sidebar": "显示或隐藏本页内容",
    "By the authors of semcache": "作者：semcache 的作者们",
    "© Copyright the authors of semcache, MIT licence.": "© semcache 的作者们，MIT 许可证。",
    # The groups of the sidebar; what they list is in English.
    "Lessons": "课程（英文）",
    "Look up": "查阅（英文）",
    "Teach and contribute": "教学与贡献（英文）",
    "Terms": "术语",
    "Use it": "使用这个包",
    "API reference": "API 参考",
    "Benchmarks": "基准测试",
    "Proven": "验证记录",
    "The course’s data": "课程的数据",
    "Changelog": "更新记录",
    "Notes for instructors": "给教师的说明",
    "Contributing": "参与贡献",
    "Beyond the lessons": "课程之外",
    "Pages of API reference": "API 参考的各页",
    "Pages of Benchmarks": "基准测试的各页",
}
_TEXT = re.compile(r"(>\s*)([^<>]*[^<>\s])(?=\s*<)")
_ATTRIBUTE = re.compile(r'(?<= )(title|aria-label|placeholder)="([^"]+)"')
_ENGLISH_LINK = re.compile(
    r'(<a (?![^>]* lang=)class="[^"]*reference internal"[^>]*)>(?=[^<\u4e00-\u9fff]+</a>)'
)
_GROUPS = re.compile(r'(<p aria-level="2" class="caption".*?)(?=<p aria-level="2"|\s*</div>)', re.S)


def titles() -> dict[str, tuple[str, str]]:
    """Return number -> title and promise of each lesson, as docs/zh.md has them."""
    text = (ROOT / "docs/zh.md").read_text(encoding="utf-8")
    return {number: (title, promise) for number, title, promise in _ROW.findall(text)}


def chinese_map(places: Places) -> str:
    """Return docs/zh.md with the minutes of each lesson, and the way back to English."""
    text = (ROOT / "docs/zh.md").read_text(encoding="utf-8")
    minutes = {entry.number: entry.minutes for entry in LESSONS}
    text = _ROW.sub(
        lambda row: row[0].replace(") |", f") · {minutes[row[1]]} 分钟 |", 1),
        rewritten(text, "docs/zh.md", "zh/index", places),
    )
    back = '<a href="../index.html" lang="en" hreflang="en">English</a>'
    return text.replace("\n\n", f"\n\n{back}\n\n", 1)


def in_chinese(page: str) -> str:
    """Return a built Chinese page on which the site itself speaks Chinese, too."""
    before, start, article = page.partition("<article")
    article, end, after = article.partition("</article>")
    article = article.replace('title="Link to this heading"', 'title="链接到这个标题"')
    said = _AROUND | {
        f"{entry.number}{dot} {entry.title}": f"{entry.number} {titles()[entry.number][0]}"
        for entry in LESSONS
        for dot in (".", "")
        if entry.number in titles()
    }
    return _around(before, said) + start + article + end + _around(after, said)


def _around(part: str, said: dict[str, str]) -> str:
    part = _TEXT.sub(lambda found: found[1] + said.get(found[2], found[2]), part)
    part = _ATTRIBUTE.sub(lambda found: f'{found[1]}="{said.get(found[2], found[2])}"', part)
    part = part.replace('"../search.html"', '"search.html"')
    part = _ENGLISH_LINK.sub(r'\1 lang="en">', part)
    groups = _GROUPS.findall(part)
    if groups and "中文" in groups[-1]:  # not yet the first
        ours = groups[-1].rstrip()
        part = part.replace(ours, "", 1).replace(groups[0], f"{ours}\n{groups[0]}", 1)
    return part
