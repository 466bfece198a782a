//! How much work one upload may ask for. Whoever uploads chooses how many CAs share a name and
//! how many names a CA constrains, and the product of such numbers must not be minutes.

/// The most that is spent on checking signatures, in checks with a 2048-bit RSA key.
///
/// The chains of public CAs need three or four checks. A path of the longest kind among cross
/// signs takes some dozens.
pub(crate) const SIGNATURES_MAX: usize = 400;

/// The most that is spent on comparing names with name constraints, in comparisons of a host name:
/// a hundred names below a CA with three hundred constraints take a third of it.
pub(crate) const COMPARISONS_MAX: usize = 100_000;

/// What is left for one upload, whatever number of chains is looked at.
#[derive(Debug)]
pub(crate) struct Budget {
    signatures: usize,
    comparisons: usize,
}

/// The limit was reached. Nothing is left after that, not even for something small: whoever met
/// the limit once would meet it again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Exhausted;

impl Budget {
    pub(crate) const fn new() -> Self {
        Self {
            signatures: SIGNATURES_MAX,
            comparisons: COMPARISONS_MAX,
        }
    }

    pub(crate) fn spend_signatures(&mut self, cost: usize) -> Result<(), Exhausted> {
        spend(&mut self.signatures, cost)
    }

    pub(crate) fn spend_comparisons(&mut self, cost: usize) -> Result<(), Exhausted> {
        spend(&mut self.comparisons, cost)
    }
}

fn spend(left: &mut usize, cost: usize) -> Result<(), Exhausted> {
    let rest = left.checked_sub(cost);
    *left = rest.unwrap_or(0);
    rest.map(drop).ok_or(Exhausted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_spent_is_gone() {
        let mut budget = Budget::new();
        assert_eq!(budget.spend_signatures(SIGNATURES_MAX - 1), Ok(()));
        assert_eq!(budget.spend_signatures(2), Err(Exhausted));
        assert_eq!(budget.spend_signatures(1), Err(Exhausted));
        assert_eq!(budget.spend_comparisons(COMPARISONS_MAX), Ok(()));
        assert_eq!(budget.spend_comparisons(1), Err(Exhausted));
        assert_eq!(budget.spend_comparisons(usize::MAX), Err(Exhausted));
    }
}
