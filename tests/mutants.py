"""Small changes to a solution, each a mistake that a learner could make."""

import ast
import copy
from collections.abc import Iterator

_COMPARED: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt, ast.GtE),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.LtE),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
}
_COMPUTED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Div,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
}
_WITHOUT_ORDER = ("max", "min", "np.dot")


def mutants(source: str) -> Iterator[str]:
    """Yield the source with one change each: constants, signs, arguments, branches, statements.

    Names of keywords, docstrings and keys of what is written to Redis stay: another text there is
    no mistake in the idea.
    """
    tree = ast.parse(source)
    seen = {ast.unparse(tree)}
    for number, node in enumerate(ast.walk(tree)):
        for change in range(_changes(node)):
            mutated = copy.deepcopy(tree)
            _change(list(ast.walk(mutated))[number], change)
            text = ast.unparse(ast.fix_missing_locations(mutated))
            if text not in seen:
                seen.add(text)
                yield text


def _changes(node: ast.AST) -> int:
    """Return in how many ways a node is changed."""
    match node:
        case ast.Constant(value=bool()):
            return 1
        case ast.Constant(value=int() | float()):
            return 2
        case ast.Compare(ops=[op]):
            return len(_COMPARED.get(type(op), ()))
        case ast.BinOp(op=op) | ast.AugAssign(op=op):
            return int(type(op) in _COMPUTED)
        case ast.BoolOp(values=values):
            return 1 + len(values)
        case ast.UnaryOp() | ast.IfExp():
            return 1 if isinstance(node, ast.UnaryOp) else 2
        case ast.Call(args=args, keywords=keywords):
            name = ast.unparse(node.func)
            return len(keywords) + (len(args) > 1 and name not in _WITHOUT_ORDER)
        case ast.comprehension(ifs=ifs):
            return len(ifs)
        case ast.If() | ast.For() | ast.While() | ast.With():
            return 1
        case ast.Module() | ast.FunctionDef() if len(node.body) > 1:
            return len(node.body)
    return 0


def _change(node: ast.AST, change: int) -> None:
    match node:
        case ast.Constant(value=bool(value)):
            node.value = not value
        case ast.Constant(value=int() | float()):
            node.value = node.value + 1 if change == 0 else (node.value - 1 if node.value else 2)
        case ast.Compare(ops=[op]):
            node.ops = [_COMPARED[type(op)][change]()]
        case ast.BinOp(op=op) | ast.AugAssign(op=op):
            node.op = _COMPUTED[type(op)]()
        case ast.BoolOp(values=values):
            if change == 0:
                node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
            else:
                _become(node, values[change - 1])
        case ast.UnaryOp():
            _become(node, node.operand)
        case ast.IfExp():
            _become(node, node.body if change == 0 else node.orelse)
        case ast.Call(args=args, keywords=keywords):
            if change < len(keywords):
                del keywords[change]
            else:
                args[0], args[1] = args[1], args[0]
        case ast.comprehension(ifs=ifs):
            del ifs[change]
        case ast.If():
            node.test = ast.Constant(False)
        case ast.For() | ast.While() | ast.With():
            node.body = [ast.Pass()]
        case ast.Module() | ast.FunctionDef():
            node.body[change] = ast.Pass()


def _become(node: ast.AST, other: ast.AST) -> None:
    node.__class__ = type(other)  # in place: whoever holds the node holds the other now
    node.__dict__.clear()
    node.__dict__.update(other.__dict__)
