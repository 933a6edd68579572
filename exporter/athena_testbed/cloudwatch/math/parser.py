"""Tokens -> a tree: OR below AND below comparisons below + - below * / below the unary minus below ^."""

from athena_testbed.cloudwatch.math.lexer import ExpressionError, Token, tokens
from athena_testbed.cloudwatch.math.nodes import Array, Call, Minus, Name, Node, Number, Operation, Text

_LEVELS = (
    frozenset({"||"}),
    frozenset({"&&"}),
    frozenset({"==", "!=", "<=", ">=", "<", ">"}),
    frozenset({"+", "-"}),
    frozenset({"*", "/"}),
)
_DEEPEST = 64
"""So deep may brackets nest; AWS tells no number, and 2,048 characters have no sensible use for more."""


def parsed(text: str) -> Node:
    """The tree of an expression.

    Raises:
        ExpressionError: if it is none.
    """
    parser = _Parser(tuple(tokens(text)))
    node = parser.expression()
    parser.expect("end", "")
    return node


class _Parser:
    def __init__(self, found: tuple[Token, ...]) -> None:
        self._tokens = found
        self._place = 0
        self._depth = 0

    @property
    def _next(self) -> Token:
        return self._tokens[self._place]

    def _take(self) -> Token:
        token = self._next
        self._place += 1
        return token

    def _at(self, *signs: str) -> bool:
        return self._next.kind == "sign" and self._next.text in signs

    def expect(self, kind: str, text: str) -> None:
        """Pass over this very token."""
        if (self._next.kind, self._next.text) != (kind, text):
            raise ExpressionError("Invalid syntax")
        self._place += 1

    def expression(self) -> Node:
        """Anything; brackets come back here."""
        self._depth += 1
        if self._depth > _DEEPEST:
            raise ExpressionError("Invalid syntax")
        node = self._level(0)
        self._depth -= 1
        return node

    def _level(self, level: int) -> Node:
        if level == len(_LEVELS):
            return self._unary()
        node = self._level(level + 1)
        while self._at(*_LEVELS[level]):
            sign = self._take().text
            node = Operation(sign, node, self._level(level + 1))
        return node

    def _unary(self) -> Node:
        signs = 0
        while self._at("-"):
            self._take()
            signs += 1
        node = self._power()
        return Minus(node) if signs % 2 else node

    def _power(self) -> Node:
        base = self._primary()
        if not self._at("^"):
            return base
        self._take()
        return Operation("^", base, self._unary_power())

    def _unary_power(self) -> Node:
        if not self._at("-"):
            return self._power()
        self._take()
        return Minus(self._unary_power())

    def _primary(self) -> Node:
        token = self._take()
        if token.kind == "number":
            return Number(float(token.text))
        if token.kind == "text":
            return Text(token.text)
        if token.kind == "name":
            return Call(token.text, self._items("(", ")")) if self._at("(") else Name(token.text)
        if token == Token("sign", "("):
            node = self.expression()
            self.expect("sign", ")")
            return node
        if token == Token("sign", "["):
            self._place -= 1
            return self._array()
        raise ExpressionError("Invalid syntax")

    def _array(self) -> Node:
        items = self._items("[", "]")
        if not items:
            raise ExpressionError("Invalid syntax")
        return Array(items)

    def _items(self, opening: str, closing: str) -> tuple[Node, ...]:
        self.expect("sign", opening)
        items: list[Node] = []
        while not self._at(closing):
            if items:
                self.expect("sign", ",")
            items.append(self.expression())
        self.expect("sign", closing)
        return tuple(items)
