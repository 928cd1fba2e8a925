"""The expression language of rule files, evaluated exactly and naively: numbers are fractions, nothing is rounded.

    >>> from fractions import Fraction
    >>> evaluate("value > params.max * 0.9", {"value": Fraction(10), "params.max": Fraction(11)})
    True
    >>> evaluate('space.kind in ["square", "park"] && !(space.id == "x")', {"space.kind": "park", "space.id": "y"})
    True

A division by zero, or a number beyond 128 bits, makes the whole condition false.
"""

import re
from fractions import Fraction

TOKEN = re.compile(r"\s*(?:(\d+(?:\.\d+)?)|(\"[^\"]*\"|'[^']*')|([A-Za-z_][\w.]*)|(&&|\|\||[=!<>]=|[<>!()\[\],+\-*/]))")
LARGEST = 2**127


class Undefined(Exception):
    """The expression has no value here, so its condition is false."""


def evaluate(text: str, names: dict) -> bool:
    """The truth of a condition, given the value of every name that it may use."""
    try:
        result = Parser(text, names).whole()
    except Undefined:
        return False
    if not isinstance(result, bool):
        raise SyntaxError(f"not a condition: {text!r}")
    return result


class Parser:
    """Recursive descent that computes while it reads; both sides of every operator are computed."""

    def __init__(self, text: str, names: dict):
        self.text, self.names, self.tokens, at = text, names, [], 0
        while text[at:].strip():
            match = TOKEN.match(text, at)
            if match is None:
                raise SyntaxError(f"cannot read {text[at:]!r}")
            self.tokens.append(match.groups())
            at = match.end()

    def whole(self):
        """The value of the whole text."""
        result = self.either()
        if self.tokens:
            raise SyntaxError(f"left over in {self.text!r}: {self.tokens}")
        return result

    def take(self, *symbols: str) -> str | None:
        """The next token, if it is one of these symbols (or the word `in`)."""
        if self.tokens and (self.tokens[0][3] or self.tokens[0][2]) in symbols:
            token = self.tokens.pop(0)
            return token[3] or token[2]
        return None

    def either(self):
        result = self.both()
        while self.take("||"):
            other = self.both()
            result = result or other
        return result

    def both(self):
        result = self.comparison()
        while self.take("&&"):
            other = self.comparison()
            result = result and other
        return result

    def comparison(self):
        left = self.sum()
        operator = self.take("==", "!=", "<=", ">=", "<", ">", "in")
        if operator is None:
            return left
        right = self.sum()
        if operator == "in":
            return left in right
        equal = left == right
        if operator in ("==", "!="):
            return equal == (operator == "==")
        return equal and operator in ("<=", ">=") or (left < right if operator[0] == "<" else left > right)

    def sum(self):
        result = self.product()
        while operator := self.take("+", "-"):
            other = self.product()
            result = in_range(result + other if operator == "+" else result - other)
        return result

    def product(self):
        result = self.unary()
        while operator := self.take("*", "/"):
            other = self.unary()
            if operator == "/" and other == 0:
                raise Undefined
            result = in_range(result * other if operator == "*" else result / other)
        return result

    def unary(self):
        if self.take("!"):
            return not self.unary()
        if self.take("-"):
            return -self.unary()
        return self.primary()

    def primary(self):
        if self.take("("):
            result = self.either()
            self.expect(")")
            return result
        if self.take("["):
            items = []
            while not self.take("]"):
                items.append(self.either())
                if not self.take(","):
                    self.expect("]")
                    break
            return items
        if not self.tokens:
            raise SyntaxError(f"ends too early: {self.text!r}")
        number, string, name, symbol = self.tokens.pop(0)
        if number:
            return in_range(Fraction(number))
        if string:
            return string[1:-1]
        if name in ("true", "false"):
            return name == "true"
        if name is None or name not in self.names:
            raise SyntaxError(f"{name or symbol!r} has no meaning in {self.text!r}")
        return self.names[name]

    def expect(self, symbol: str) -> None:
        """Steps over a symbol that must stand here."""
        if not self.take(symbol):
            raise SyntaxError(f"expected {symbol!r} in {self.text!r}")


def in_range(number: Fraction) -> Fraction:
    """The number, unless 128 bits do not hold it."""
    if abs(number.numerator) >= LARGEST or number.denominator >= LARGEST:
        raise Undefined
    return number
