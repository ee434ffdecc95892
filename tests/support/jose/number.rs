//! Big-endian numbers of one length: as much arithmetic as forging signatures takes.

/// `a + b`, `None` where that is longer.
pub(crate) fn sum(a: &[u8], b: &[u8]) -> Option<Vec<u8>> {
    assert_eq!(a.len(), b.len());
    let mut carry = false;
    let mut digits = Vec::with_capacity(a.len());
    for (a, b) in a.iter().zip(b).rev() {
        let (digit, over) = a.carrying_add(*b, carry);
        digits.push(digit);
        carry = over;
    }
    digits.reverse();
    (!carry).then_some(digits)
}

/// `a - b`, where that is not negative.
pub(crate) fn difference(a: &[u8], b: &[u8]) -> Vec<u8> {
    assert!(a.len() == b.len() && a >= b);
    let mut borrow = false;
    let mut digits = Vec::with_capacity(a.len());
    for (a, b) in a.iter().zip(b).rev() {
        let (digit, under) = a.borrowing_sub(*b, borrow);
        digits.push(digit);
        borrow = under;
    }
    digits.reverse();
    digits
}

/// A small number in `bytes` bytes.
pub(crate) fn small(number: u8, bytes: usize) -> Vec<u8> {
    let mut digits = vec![0; bytes];
    digits[bytes - 1] = number;
    digits
}

/// The same number, read from the other end.
pub(crate) fn reversed(number: &[u8]) -> Vec<u8> {
    number.iter().rev().copied().collect()
}
