//! Formulas over the integers mod n.

use crate::error::TaskError;
use crate::number::{is_prime, next_prime, power_mod};
use crate::parse::number;

/// A formula in x, y, z, … mod n.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Formula {
    pub modulus: usize,
    pub operands: usize,
    root: Node,
}

#[derive(Clone, Debug, PartialEq)]
enum Node {
    Constant(usize),
    Variable(usize),
    Negate(Box<Node>),
    Binary(Op, Box<Node>, Box<Node>),
    Power(Box<Node>, usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Op {
    Add,
    Subtract,
    Multiply,
    Divide,
}

/// Letters of the operands, in order.
const LETTERS: &str = "xyzuvw";
/// Largest modulus: tables of two operands stay within 4096² rows.
const MOST: usize = 4096;
/// Deepest nesting of parentheses and signs.
const DEPTH: usize = 100;

impl Formula {
    /// Reads `x^2+x*y+y^2 mod 97`.
    pub(crate) fn parse(text: &str) -> Result<Self, TaskError> {
        let (left, modulus) = modulus(text)?;
        let mut parser = Parser::new(text, left, modulus);
        let root = parser.sum()?;
        if parser.peek().is_some() {
            return Err(parser.error("expected +, −, *, / or ^"));
        }
        let operands = parser.operands()?;
        if parser.divides && !is_prime(modulus) {
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
        })
    }

    /// The value at those operands; None where it divides by zero.
    pub(crate) fn value(&self, operands: &[u32]) -> Option<u32> {
        self.eval(&self.root, operands).map(|v| v as u32)
    }

    /// Whether it is a product or quotient of powers of the operands mod a prime, perhaps times a
    /// constant, so that its features are multiplicative.
    pub(crate) fn is_multiplicative(&self) -> bool {
        fn monomial(node: &Node) -> bool {
            match node {
                Node::Variable(_) => true,
                Node::Constant(c) => *c != 0,
                Node::Negate(a) | Node::Power(a, _) => monomial(a),
                Node::Binary(op, a, b) => {
                    matches!(op, Op::Multiply | Op::Divide) && monomial(a) && monomial(b)
                }
            }
        }
        is_prime(self.modulus) && self.operands > 1 && monomial(&self.root)
    }

    /// Whether it is the sum of all operands, each once: the product in a cyclic group.
    pub(crate) fn is_sum(&self) -> bool {
        fn count(node: &Node, seen: &mut [usize]) -> bool {
            match node {
                Node::Variable(i) => {
                    seen[*i] += 1;
                    true
                }
                Node::Binary(Op::Add, a, b) => count(a, seen) && count(b, seen),
                _ => false,
            }
        }
        let mut seen = vec![0; self.operands];
        self.operands > 1 && count(&self.root, &mut seen) && seen.iter().all(|n| *n == 1)
    }

    fn eval(&self, node: &Node, operands: &[u32]) -> Option<usize> {
        let n = self.modulus;
        Some(match node {
            Node::Constant(c) => *c,
            Node::Variable(j) => operands[*j] as usize,
            Node::Negate(a) => (n - self.eval(a, operands)?) % n,
            Node::Power(a, e) => power_mod(self.eval(a, operands)?, *e, n),
            Node::Binary(op, a, b) => {
                let (a, b) = (self.eval(a, operands)?, self.eval(b, operands)?);
                match op {
                    Op::Add => (a + b) % n,
                    Op::Subtract => (a + n - b) % n,
                    Op::Multiply => a * b % n,
                    Op::Divide if b == 0 => return None,
                    Op::Divide => a * power_mod(b, n - 2, n) % n,
                }
            }
        })
    }
}

/// The part before `mod`, and the modulus.
fn modulus(text: &str) -> Result<(&str, usize), TaskError> {
    let end = text.chars().count();
    let (left, right) = text.rsplit_once("mod").ok_or_else(|| {
        let why = "expected the modulus, got the end; write it last, such as `x*y mod 97`";
        TaskError::syntax(text, end, why)
    })?;
    let modulus = number(right).ok_or_else(|| {
        let why = format!("expected a whole number as modulus, got `{}`", right.trim());
        TaskError::syntax(text, left.chars().count() + 3, why)
    })?;
    if !(2..=MOST).contains(&modulus) {
        let why = format!("has the modulus {modulus}; write one from 2 to {MOST}");
        return Err(TaskError::value(text, why));
    }
    Ok((left, modulus))
}

/// A parser by recursive descent:
/// sum = product {(+|−) product}, product = signed {(*|/) signed},
/// signed = − signed | atom \[^ number\], atom = letter | number | ( sum ).
struct Parser<'a> {
    text: &'a str,
    chars: Vec<char>,
    at: usize,
    depth: usize,
    modulus: usize,
    used: [bool; LETTERS.len()],
    divides: bool,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str, left: &str, modulus: usize) -> Self {
        let chars = left.chars().collect();
        Parser {
            text,
            chars,
            at: 0,
            depth: 0,
            modulus,
            used: [false; 6],
            divides: false,
        }
    }

    fn error(&mut self, why: &str) -> TaskError {
        let got = self
            .peek()
            .map_or("the end".to_owned(), |c| format!("`{c}`"));
        TaskError::syntax(self.text, self.at, format!("{why}, got {got}"))
    }

    /// The next character that is no space.
    fn peek(&mut self) -> Option<char> {
        while self.chars.get(self.at).is_some_and(|c| c.is_whitespace()) {
            self.at += 1;
        }
        self.chars.get(self.at).copied()
    }

    fn take(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    /// The number of operands; every letter up to the last used must be used.
    fn operands(&self) -> Result<usize, TaskError> {
        let letters: Vec<char> = LETTERS.chars().collect();
        let Some(last) = self.used.iter().rposition(|used| *used) else {
            return Err(TaskError::value(
                self.text,
                "has no variable; write x, y, …",
            ));
        };
        match self.used[..last].iter().position(|used| !used) {
            None => Ok(last + 1),
            Some(missing) => {
                let why = format!(
                    "uses `{}` but not `{}`; operands are x, y, z, u, v, w in that order",
                    letters[last], letters[missing]
                );
                Err(TaskError::value(self.text, why))
            }
        }
    }

    fn sum(&mut self) -> Result<Node, TaskError> {
        let mut left = self.product()?;
        while let Some(c @ ('+' | '-' | '−')) = self.peek() {
            self.at += 1;
            let op = if c == '+' { Op::Add } else { Op::Subtract };
            left = Node::Binary(op, Box::new(left), Box::new(self.product()?));
        }
        Ok(left)
    }

    fn product(&mut self) -> Result<Node, TaskError> {
        let mut left = self.signed()?;
        while let Some(c @ ('*' | '/')) = self.peek() {
            self.at += 1;
            self.divides |= c == '/';
            let op = if c == '/' { Op::Divide } else { Op::Multiply };
            left = Node::Binary(op, Box::new(left), Box::new(self.signed()?));
        }
        Ok(left)
    }

    fn signed(&mut self) -> Result<Node, TaskError> {
        if self.take('-') || self.take('−') {
            let inner = self.nested(Self::signed)?;
            return Ok(Node::Negate(Box::new(inner)));
        }
        let base = self.atom()?;
        if !self.take('^') {
            return Ok(base);
        }
        match self.digits() {
            Some(exponent) => Ok(Node::Power(Box::new(base), exponent)),
            None => Err(self.error("expected a whole number below 2⁶⁴ as exponent")),
        }
    }

    fn atom(&mut self) -> Result<Node, TaskError> {
        let Some(c) = self.peek() else {
            return Err(self.error("expected a variable, a number or ("));
        };
        if let Some(j) = LETTERS.find(c) {
            self.at += 1;
            self.used[j] = true;
            return Ok(Node::Variable(j));
        }
        if c.is_ascii_digit() {
            let constant = self.digits();
            let constant = constant.ok_or_else(|| self.error("expected a number below 2⁶⁴"))?;
            return Ok(Node::Constant(constant % self.modulus));
        }
        if !self.take('(') {
            return Err(self.error("expected a variable (x, y, z, u, v, w), a number or ("));
        }
        let inner = self.nested(Self::sum)?;
        if self.take(')') {
            Ok(inner)
        } else {
            Err(self.error("expected )"))
        }
    }

    /// Guards the stack against hostile nesting.
    fn nested(
        &mut self,
        rule: fn(&mut Self) -> Result<Node, TaskError>,
    ) -> Result<Node, TaskError> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(self.error("expected at most 100 levels of parentheses and signs"));
        }
        let node = rule(self)?;
        self.depth -= 1;
        Ok(node)
    }

    /// A run of digits; leaves the position where it was if there is none or it is too large.
    fn digits(&mut self) -> Option<usize> {
        self.peek();
        let digits: String = self.chars[self.at..]
            .iter()
            .take_while(|c| c.is_ascii_digit())
            .collect();
        let value = digits.parse().ok()?;
        self.at += digits.len();
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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
        assert_eq!(value("x − y mod 10", &[3, 4]), Some(9));
        assert_eq!(value("-x^2 mod 7", &[3]), Some(5));
        assert_eq!(value("2*(x+y)*z mod 11", &[3, 4, 5]), Some(70 % 11));
        assert_eq!(value("x/y mod 97", &[6, 3]), Some(2));
        assert_eq!(value("x/y/x mod 97", &[6, 3]), Some(65));
        assert_eq!(value("x/y mod 97", &[6, 0]), None);
        assert_eq!(value("x^0 mod 5", &[0]), Some(1));
        assert_eq!(value("x^18446744073709551615 mod 3", &[2]), Some(2));
    }

    #[test]
    fn errors_name_the_place() {
        for (text, place, expected) in [
            ("x+*y mod 7", Some(2), "expected a variable"),
            (
                "x + q mod 7",
                Some(4),
                "expected a variable (x, y, z, u, v, w)",
            ),
            ("x − é mod 7", Some(4), "got `é`"),
            ("(x+y mod 7", Some(5), "expected ), got the end"),
            ("x 2 mod 7", Some(2), "expected +, −, *, / or ^, got `2`"),
            ("1 2+x mod 7", Some(2), "expected +, −, *, / or ^, got `2`"),
            ("xy mod 7", Some(1), "expected +, −, *, / or ^, got `y`"),
            (
                "x+y mod seven",
                Some(7),
                "expected a whole number as modulus, got `seven`",
            ),
            ("x+y mod -7", Some(7), "expected a whole number as modulus"),
            ("x^y mod 7", Some(2), "as exponent, got `y`"),
            (
                "x^99999999999999999999 mod 7",
                Some(2),
                "below 2⁶⁴ as exponent",
            ),
            (
                "x+99999999999999999999 mod 7",
                Some(2),
                "a number below 2⁶⁴",
            ),
            ("x+y", Some(3), "expected the modulus"),
            (" mod 7", Some(1), "expected a variable"),
            (
                "x/y mod 96",
                None,
                "prime modulus, and 96 is none; write `mod 97`",
            ),
            ("x+y mod 0", None, "modulus 0"),
            ("x+y mod 5000", None, "from 2 to 4096"),
            ("3 mod 7", None, "has no variable"),
            ("x+z mod 7", None, "uses `z` but not `y`"),
        ] {
            let error = Formula::parse(text).unwrap_err();
            assert!(error.to_string().contains(expected), "{text}: {error}");
            assert_eq!(error.position(), place, "{text}: {error}");
        }
    }

    #[test]
    fn hostile_nesting_is_refused() {
        for opening in ["(", "-"] {
            let deep = |levels: usize| {
                let closing = if opening == "(" {
                    ")".repeat(levels)
                } else {
                    String::new()
                };
                format!("{}x{closing} mod 7", opening.repeat(levels))
            };
            assert!(Formula::parse(&deep(100)).is_ok());
            let error = Formula::parse(&deep(100_000)).unwrap_err().to_string();
            assert!(
                error.ends_with(&format!(
                    "100 levels of parentheses and signs, got {}",
                    if opening == "(" { "`(`" } else { "`-`" }
                )),
                "{}",
                &error[error.len() - 100..]
            );
        }
        // Length alone is not nesting.
        assert!(Formula::parse(&format!("x{} mod 7", "+(x)".repeat(1000))).is_ok());
    }

    #[test]
    fn monomials_are_multiplicative_and_nothing_else() {
        for text in ["x*y mod 7", "x/y mod 7", "-3*x^2/y mod 7", "x*y*z mod 11"] {
            assert!(Formula::parse(text).unwrap().is_multiplicative(), "{text}");
        }
        for text in [
            "x*y mod 8",
            "x*y+1 mod 7",
            "x+y mod 7",
            "7*x*y mod 7",
            "x^2 mod 7",
        ] {
            assert!(!Formula::parse(text).unwrap().is_multiplicative(), "{text}");
        }
    }

    #[test]
    fn a_sum_of_the_operands_is_told_from_other_formulas() {
        for text in ["x+y mod 7", "y+x mod 8", "x+(z+y) mod 9"] {
            assert!(Formula::parse(text).unwrap().is_sum(), "{text}");
        }
        for text in [
            "x-y mod 7",
            "x+y+x mod 7",
            "x+2*y mod 7",
            "x+y+1 mod 7",
            "x mod 7",
        ] {
            assert!(!Formula::parse(text).unwrap().is_sum(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[xyz0-9+*/^()−é -]{0,40}( mod [0-9]{1,3})?") {
            if let Ok(formula) = Formula::parse(&text) {
                let operands = vec![1; formula.operands];
                prop_assert!(formula.value(&operands).is_none_or(|v| (v as usize) < formula.modulus));
            }
        }

        #[test]
        fn quotients_undo_products(x in 0u32..97, y in 1u32..97) {
            prop_assert_eq!(value("x*y/y mod 97", &[x, y]), Some(x));
        }
    }
}
