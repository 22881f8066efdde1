"""What the site itself says on a lesson's page, in its two languages."""

from dataclasses import dataclass

__all__ = ["WORDS", "Words"]


@dataclass(frozen=True)
class Words:
    """The sentences around a lesson."""

    open: str
    how: str
    other: str
    check: str
    demand: str
    hint: str
    solution: str


_ENGLISH = Words(
    open="Open this lesson in JupyterLab",
    how="In the folder of this project, where its Makefile is, with Python 3.11 or newer and make; "
    "then open `{name}` in the list of files on the left. What this page shows is the stored "
    "outputs; there you predict, change the parameters and answer the checks.",
    other="这一课的中文版",
    check="What the check demands",
    demand="It takes {name}, accepts the solution and every other right style, and refuses {wrong} "
    "wrong answers, each with a sentence that says what is wrong. Passing it shows:",
    hint="Hint",
    solution="Solution",
)
_CHINESE = Words(
    open="在 JupyterLab 中打开本课",
    how="在本项目的文件夹（Makefile 所在的地方）里运行下面的命令"
    "（需要 Python 3.11 以上版本和 make），然后在左边的文件列表中打开 `{name}`。"
    "本页显示的是保存下来的输出；"
    "在 JupyterLab 里你可以预测、修改参数、回答检查题。",
    other="This lesson in English",
    check="检查要求什么",
    demand="检查 {name}：接受参考答案和其他正确的写法，拒绝 {wrong} 种错误答案，"
    "并各用一句话说明错在哪里。通过它就说明你能够：",
    hint="提示",
    solution="参考答案",
)
WORDS = (_ENGLISH, _CHINESE)
