//! Formulas over the integers mod n.

use crate::build::is_prime;
use crate::error::TaskError;

/// A formula in x, y, z, … mod n.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Formula {
    pub modulus: usize,
    pub operands: usize,
    root: Node,
    divides: bool,
}

#[derive(Clone, Debug, PartialEq)]
enum Node {
    Constant(usize),
    Variable(usize),
    Negate(Box<Node>),
    Binary(char, Box<Node>, Box<Node>),
    Power(Box<Node>, usize),
}

/// Letters of the operands, in order.
const LETTERS: &str = "xyzuvw";
/// Largest modulus: tables of two operands stay below 4096² rows.
const MOST: usize = 4096;

impl Formula {
    /// Reads `x^2+x*y+y^2 mod 97`.
    pub(crate) fn parse(text: &str) -> Result<Self, TaskError> {
        let (left, right) = text.rsplit_once("mod").ok_or_else(|| {
            TaskError::syntax(
                text,
                text.len(),
                "a formula ends with its modulus, such as `x*y mod 97`",
            )
        })?;
        let modulus: usize = right.trim().parse().map_err(|_| {
            TaskError::syntax(
                text,
                left.len() + 3,
                format!("expected a whole number as modulus, got `{}`", right.trim()),
            )
        })?;
        if !(2..=MOST).contains(&modulus) {
            return Err(TaskError::value(
                text,
                format!("has the modulus {modulus}; write one from 2 to {MOST}"),
            ));
        }
        let mut parser = Parser {
            text,
            chars: left
                .char_indices()
                .filter(|(_, c)| !c.is_whitespace())
                .collect(),
            at: 0,
            modulus,
            operands: 0,
            divides: false,
        };
        let root = parser.sum()?;
        if parser.at < parser.chars.len() {
            return Err(parser.error("expected +, −, *, / or ^"));
        }
        let (operands, divides) = (parser.operands, parser.divides);
        if operands == 0 {
            return Err(TaskError::value(text, "has no variable; write x, y, …"));
        }
        if divides && !is_prime(modulus) {
            let why = format!(
                "divides, which needs a prime modulus, and {modulus} is none; write `mod {}`",
                next_prime(modulus)
            );
            return Err(TaskError::value(text, why));
        }
        Ok(Self {
            modulus,
            operands,
            root,
            divides,
        })
    }

    /// The value at those operands; None where it divides by zero.
    pub(crate) fn value(&self, operands: &[u32]) -> Option<u32> {
        self.eval(&self.root, operands).map(|v| v as u32)
    }

    /// Whether it is a bare product or quotient, whose features are multiplicative.
    pub(crate) fn is_multiplicative(&self) -> bool {
        fn bare(node: &Node) -> bool {
            match node {
                Node::Variable(_) => true,
                Node::Binary(op, a, b) => matches!(op, '*' | '/') && bare(a) && bare(b),
                _ => false,
            }
        }
        is_prime(self.modulus) && self.operands > 1 && bare(&self.root)
    }

    fn eval(&self, node: &Node, operands: &[u32]) -> Option<usize> {
        let n = self.modulus;
        Some(match node {
            Node::Constant(c) => *c,
            Node::Variable(j) => operands[*j] as usize,
            Node::Negate(a) => (n - self.eval(a, operands)?) % n,
            Node::Power(a, e) => power(self.eval(a, operands)?, *e, n),
            Node::Binary(op, a, b) => {
                let (a, b) = (self.eval(a, operands)?, self.eval(b, operands)?);
                match op {
                    '+' => (a + b) % n,
                    '-' => (a + n - b) % n,
                    '*' => a * b % n,
                    _ if b == 0 => return None,
                    _ => a * power(b, n - 2, n) % n,
                }
            }
        })
    }
}

fn power(mut base: usize, mut e: usize, n: usize) -> usize {
    let mut out = 1 % n;
    while e > 0 {
        if e % 2 == 1 {
            out = out * base % n;
        }
        base = base * base % n;
        e /= 2;
    }
    out
}

fn next_prime(n: usize) -> usize {
    (n..).find(|p| is_prime(*p)).expect("primes do not end")
}

/// Deepest nesting of parentheses and signs.
const DEPTH: usize = 100;

struct Parser<'a> {
    text: &'a str,
    chars: Vec<(usize, char)>,
    at: usize,
    modulus: usize,
    operands: usize,
    divides: bool,
}

impl Parser<'_> {
    fn error(&self, why: &str) -> TaskError {
        let at = self.chars.get(self.at).map_or(self.text.len(), |(i, _)| *i);
        let got = self
            .chars
            .get(self.at)
            .map_or("the end".to_owned(), |(_, c)| format!("`{c}`"));
        TaskError::syntax(self.text, at, format!("{why}, got {got}"))
    }

    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).map(|(_, c)| *c)
    }

    fn sum(&mut self) -> Result<Node, TaskError> {
        self.chain(&['+', '-'], Self::product)
    }

    fn product(&mut self) -> Result<Node, TaskError> {
        self.chain(&['*', '/'], Self::signed)
    }

    fn chain(
        &mut self,
        ops: &[char],
        next: fn(&mut Self) -> Result<Node, TaskError>,
    ) -> Result<Node, TaskError> {
        let mut left = next(self)?;
        while let Some(op) = self.peek().filter(|c| ops.contains(c)) {
            self.at += 1;
            self.divides |= op == '/';
            left = Node::Binary(op, Box::new(left), Box::new(next(self)?));
        }
        Ok(left)
    }

    fn signed(&mut self) -> Result<Node, TaskError> {
        if self.peek() == Some('-') {
            self.at += 1;
            if self.chars[..self.at]
                .iter()
                .filter(|(_, c)| "-(".contains(*c))
                .count()
                > DEPTH
            {
                return Err(self.error("nested too deep"));
            }
            return Ok(Node::Negate(Box::new(self.signed()?)));
        }
        let base = self.atom()?;
        if self.peek() != Some('^') {
            return Ok(base);
        }
        self.at += 1;
        let exponent = self
            .number()
            .ok_or_else(|| self.error("expected a whole number as exponent"))?;
        Ok(Node::Power(Box::new(base), exponent))
    }

    fn atom(&mut self) -> Result<Node, TaskError> {
        let Some(c) = self.peek() else {
            return Err(self.error("expected a variable, a number or ("));
        };
        if let Some(j) = LETTERS.find(c) {
            self.at += 1;
            self.operands = self.operands.max(j + 1);
            return Ok(Node::Variable(j));
        }
        if c.is_ascii_digit() {
            let n = self
                .number()
                .ok_or_else(|| self.error("expected a number below 2⁶⁴"))?;
            return Ok(Node::Constant(n % self.modulus));
        }
        if c != '(' {
            return Err(self.error("expected a variable (x, y, z, u, v, w), a number or ("));
        }
        if self.chars[..self.at]
            .iter()
            .filter(|(_, c)| *c == '(')
            .count()
            > DEPTH
        {
            return Err(self.error("nested too deep"));
        }
        self.at += 1;
        let inner = self.sum()?;
        if self.peek() != Some(')') {
            return Err(self.error("expected )"));
        }
        self.at += 1;
        Ok(inner)
    }

    fn number(&mut self) -> Option<usize> {
        let digits: String = self.chars[self.at..]
            .iter()
            .map(|(_, c)| *c)
            .take_while(char::is_ascii_digit)
            .collect();
        self.at += digits.len();
        digits.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str, operands: &[u32]) -> Option<u32> {
        Formula::parse(text).unwrap().value(operands)
    }

    #[test]
    fn precedence_is_the_usual_one() {
        assert_eq!(
            value("x^2+x*y+y^2 mod 97", &[5, 7]),
            Some((25 + 35 + 49) % 97)
        );
        assert_eq!(value("x-y-1 mod 10", &[3, 4]), Some(8));
        assert_eq!(value("-x^2 mod 7", &[3]), Some(5));
        assert_eq!(value("2*(x+y)*z mod 11", &[3, 4, 5]), Some(70 % 11));
        assert_eq!(value("x/y mod 97", &[6, 3]), Some(2));
        assert_eq!(value("x/y mod 97", &[6, 0]), None);
    }

    #[test]
    fn errors_name_the_place() {
        for (text, expected) in [
            (
                "x/y mod 96",
                "prime modulus, and 96 is none; write `mod 97`",
            ),
            ("x+*y mod 7", "character 3: expected a variable"),
            ("x+q mod 7", "character 3"),
            ("(x+y mod 7", "expected )"),
            ("x+y mod 0", "modulus 0"),
            ("x+y mod seven", "expected a whole number as modulus"),
            ("x^y mod 7", "exponent"),
            ("3 mod 7", "has no variable"),
        ] {
            let error = Formula::parse(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
        assert!(Formula::parse(&format!("{}x mod 7", "(".repeat(100_000))).is_err());
        assert!(Formula::parse(&format!("{}x mod 7", "-".repeat(100_000))).is_err());
    }
}
