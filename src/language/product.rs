//! The question that every proof ends in: is there a text that fulfils all of these conditions?
//!
//! A [`Condition`] is an automaton and a side: inside its language (a keep, a glob) or outside of
//! it (a drop, the allowed namespaces). The product of all of them is never built. It is walked
//! breadth first from its start, symbol by symbol, each automaton represented by the *set* of
//! states that it can be in (so that "outside" is simply: no final state in the set). The first
//! text that is accepted everywhere is then also the shortest one, and of those the first in
//! witness order. Symbols that no automaton tells apart are walked as one.
//!
//! A set need not be walked if one that was found before can do all that it can: one with at least
//! the same states on each inside, and at most the same on each outside. Whatever is accepted after
//! it is accepted after that one, and is no longer and comes no later (an antichain, as in De Wulf,
//! Doyen, Henzinger, Raskin: "Antichains: a new algorithm for checking universality of finite
//! automata"). What takes exponentially many sets by itself mostly takes few of these.
//!
//! The walk ends by itself, for there are finitely many sets, but it can still take exponentially
//! long. So it pays for every set from a [`Budget`], which is a count and not a clock: the verdict
//! is the same on every machine.

use std::collections::BTreeMap;

use super::alphabet::{Case, OTHER, in_witness_order, symbol};
use super::automaton::{Automaton, Word, intersects};
use super::budget::{Budget, SET, TooComplex};
use super::condition::{Condition, Surrounding};
use super::direct;

/// How many texts are tried before a walk begins.
const LIKELY: usize = 16;

/// How many sets are compared with another one at the cost of one word.
const COMPARED: usize = 16;

/// The shortest text over `alphabet`, of at most `length` symbols, that fulfils all conditions; of
/// several the first in witness order.
///
/// # Errors
///
/// [`TooComplex`] if the budget does not suffice.
pub fn shortest(
    conditions: &[Condition],
    alphabet: u128,
    length: usize,
    budget: &mut Budget,
) -> Result<Option<Vec<u8>>, TooComplex> {
    if direct::contradict(conditions, budget)? {
        return Ok(None);
    }
    search(conditions, alphabet, length, budget)
}

/// The same, of conditions that do not plainly contradict each other.
fn search(
    conditions: &[Condition],
    alphabet: u128,
    length: usize,
    budget: &mut Budget,
) -> Result<Option<Vec<u8>>, TooComplex> {
    budget.spend(SET * conditions.len())?;
    if let Some(texts) = direct::few(conditions) {
        budget.spend(texts.len() * direct::weight(conditions))?;
        let fulfils = |text: &String| direct::fulfils(text, conditions, alphabet, length);
        let answers: Option<Vec<bool>> = texts.iter().map(fulfils).collect();
        if let Some(answers) = answers {
            let found = texts
                .iter()
                .zip(answers)
                .filter_map(|(text, is_one)| is_one.then_some(text));
            return Ok(direct::first(found).map(|text| text.clone().into_bytes()));
        }
    }
    walk(conditions, alphabet, length, budget)
}

/// Whether a text over `alphabet`, of at most `length` symbols, fulfils all conditions. One of the
/// `likely` ones may be at hand.
///
/// # Errors
///
/// [`TooComplex`] if the budget does not suffice.
pub fn exists(
    conditions: &[Condition],
    alphabet: u128,
    length: usize,
    likely: &[&str],
    budget: &mut Budget,
) -> Result<bool, TooComplex> {
    if direct::contradict(conditions, budget)? {
        return Ok(false);
    }
    let likely = likely.iter().map(|&text| text.to_owned());
    for text in likely.chain(direct::samples(conditions)).take(LIKELY) {
        budget.spend(direct::weight(conditions))?;
        if direct::fulfils(&text, conditions, alphabet, length) == Some(true) {
            return Ok(true);
        }
    }
    Ok(search(conditions, alphabet, length, budget)?.is_some())
}

/// The walk of the product, breadth first.
fn walk(
    conditions: &[Condition],
    alphabet: u128,
    length: usize,
    budget: &mut Budget,
) -> Result<Option<Vec<u8>>, TooComplex> {
    let blocks = blocks(conditions.iter().flat_map(told_apart), alphabet);
    let mut factors = conditions
        .iter()
        .map(|condition| Factor::new(condition, &blocks, budget))
        .collect::<Result<Vec<_>, _>>()?;
    if factors.iter().any(Factor::is_empty) {
        return Ok(None);
    }
    let width = factors
        .iter()
        .map(|factor| factor.automaton.words())
        .sum::<usize>();
    let mut walk = Walk {
        smaller: factors
            .iter()
            .flat_map(|factor| {
                let smaller = if factor.inside { 0 } else { Word::MAX };
                std::iter::repeat_n(smaller, factor.automaton.words())
            })
            .collect(),
        sets: Vec::new(),
        origins: Vec::new(),
        seen: Seen::default(),
    };
    for start in starts(&factors, budget)? {
        if walk.add(&start, (0, OTHER), budget)? && accepts(&mut factors, &start, budget)? {
            return Ok(Some(Vec::new()));
        }
    }
    let mut set = vec![0; width];
    let mut followers = vec![0; width];
    let mut next = vec![0; width];
    let (mut node, mut level_end, mut depth) = (0, walk.origins.len(), 0);
    while node < walk.origins.len() {
        if node == level_end {
            level_end = walk.origins.len();
            depth += 1;
        }
        set.copy_from_slice(&walk.sets[node * width..][..width]);
        if depth < length {
            followers.fill(0);
            let mut offset = 0;
            budget.spend(width * blocks.len())?;
            for factor in &factors {
                let words = factor.automaton.words();
                let part = offset..offset + words;
                budget.spend(size(&set[part.clone()]) * words)?;
                factor
                    .automaton
                    .followers(&set[part.clone()], &mut followers[part]);
                offset += words;
            }
            for (index, block) in blocks.iter().enumerate() {
                let mut offset = 0;
                let mut dead = false;
                for factor in &factors {
                    let words = factor.automaton.words();
                    let readers = &factor.readers[index * words..][..words];
                    let mut any = 0;
                    for word in 0..words {
                        let set = followers[offset + word] & readers[word];
                        next[offset + word] = set;
                        any |= set;
                    }
                    dead |= factor.inside && any == 0;
                    offset += words;
                }
                // The first one that is found is the first one of the shortest.
                let is_new = !dead && walk.add(&next, (node, *block), budget)?;
                if is_new && accepts(&mut factors, &next, budget)? {
                    return Ok(Some(walk.text(walk.origins.len() - 1, depth + 1)));
                }
            }
        }
        node += 1;
    }
    Ok(None)
}

/// The sets of symbols that the condition's automaton tells apart.
fn told_apart(condition: &Condition) -> impl Iterator<Item = u128> {
    symbols(&condition.automaton, !condition.inside, condition.case)
}

fn symbols(automaton: &Automaton, must: bool, case: Case) -> impl Iterator<Item = u128> {
    automaton.classes()[1..].iter().map(move |class| {
        let class = class.before(case);
        if must { class.must } else { class.may }
    })
}

/// One symbol for each block of symbols that no set tells apart, in witness order.
fn blocks(sets: impl Iterator<Item = u128>, alphabet: u128) -> Vec<u8> {
    let mut blocks = vec![alphabet];
    let mut last = 0;
    for set in sets {
        // Neighbours in a pattern mostly read the same.
        if set == last {
            continue;
        }
        last = set;
        for index in 0..blocks.len() {
            let (inside, outside) = (blocks[index] & set, blocks[index] & !set);
            if inside != 0 && outside != 0 {
                blocks[index] = inside;
                blocks.push(outside);
            }
        }
    }
    let firsts = blocks
        .into_iter()
        .filter_map(|block| in_witness_order(block).next())
        .fold(0, |set, symbol| set | 1 << symbol);
    in_witness_order(firsts).collect()
}

/// A condition, ready to be walked.
struct Factor<'a> {
    automaton: &'a Automaton,
    inside: bool,
    /// For each block, the states that read it.
    readers: Vec<Word>,
    /// The sets to start from: one for "inside", one for each text before for "outside".
    starts: Vec<Vec<Word>>,
    /// The states from which what stands after leads to the end.
    ends: Vec<Word>,
    /// What stands after, where `ends` cannot say it: outside, with anything after.
    after: Option<&'a [Surrounding]>,
    /// Answers about `after`.
    known: BTreeMap<Vec<Word>, bool>,
}

impl<'a> Factor<'a> {
    fn new(
        condition: &'a Condition,
        blocks: &[u8],
        budget: &mut Budget,
    ) -> Result<Self, TooComplex> {
        let automaton = &*condition.automaton;
        let must = !condition.inside;
        // The table may have to be made first.
        budget.spend(automaton.states() * (automaton.words() + blocks.len()))?;
        let readers = automaton.readers_of_each(blocks, must, condition.case);
        let literal = |part: &Surrounding| matches!(part, Surrounding::Literal(_));
        let free = !condition.after.iter().all(literal);
        let mut factor = Self {
            automaton,
            inside: condition.inside,
            readers,
            starts: vec![automaton.start()],
            ends: automaton.last().to_vec(),
            after: (free && must).then_some(&condition.after[..]),
            known: BTreeMap::new(),
        };
        if must {
            factor.starts = reached(automaton, factor.starts, &condition.before, budget)?;
        } else {
            factor.starts = vec![forward(automaton, &condition.before, budget)?];
        }
        if factor.after.is_none() {
            factor.ends = backward(automaton, &condition.after, must, budget)?;
        }
        Ok(factor)
    }

    /// Whether what stands around it leaves no text, whatever the other conditions are.
    fn is_empty(&self) -> bool {
        let is_empty = |set: &Vec<Word>| set.iter().all(|word| *word == 0);
        self.inside && (is_empty(&self.ends) || self.starts.iter().all(is_empty))
    }

    fn accepts(&mut self, set: &[Word], budget: &mut Budget) -> Result<bool, TooComplex> {
        let Some(after) = self.after else {
            return Ok(intersects(set, &self.ends) == self.inside);
        };
        if let Some(known) = self.known.get(set) {
            return Ok(*known);
        }
        let answer = reached(self.automaton, vec![set.to_vec()], after, budget)?
            .iter()
            .any(|set| !intersects(set, &self.ends));
        self.known.insert(set.to_vec(), answer);
        Ok(answer)
    }
}

fn accepts(
    factors: &mut [Factor<'_>],
    set: &[Word],
    budget: &mut Budget,
) -> Result<bool, TooComplex> {
    let mut offset = 0;
    for factor in factors {
        let words = factor.automaton.words();
        if !factor.accepts(&set[offset..offset + words], budget)? {
            return Ok(false);
        }
        offset += words;
    }
    Ok(true)
}

/// One set of each factor, in every combination.
fn starts(factors: &[Factor<'_>], budget: &mut Budget) -> Result<Vec<Vec<Word>>, TooComplex> {
    let mut combined: Vec<Vec<Word>> = vec![Vec::new()];
    for factor in factors {
        let words = combined[0].len() + factor.automaton.words();
        budget.spend(combined.len() * factor.starts.len() * words)?;
        combined = combined
            .iter()
            .flat_map(|start| {
                let starts = factor.starts.iter();
                starts.map(move |set| [start.as_slice(), set].concat())
            })
            .collect();
    }
    Ok(combined)
}

/// Adds a set, unless it contains one that is there, and takes away those that contain it; says
/// whether it did. Where a text is to be outside, the smaller set is always the better one to start
/// from: what it leads to is contained in what the larger one leads to.
fn add_smallest(
    sets: &mut Vec<Vec<Word>>,
    set: &[Word],
    budget: &mut Budget,
) -> Result<bool, TooComplex> {
    let contains =
        |one: &[Word], other: &[Word]| one.iter().zip(other).all(|(one, other)| other & !one == 0);
    budget.spend(1 + sets.len() / COMPARED)?;
    if sets.iter().any(|small| contains(set, small)) {
        return Ok(false);
    }
    sets.retain(|large| !contains(large, set));
    sets.push(set.to_vec());
    Ok(true)
}

/// The states that some text of the form `before` possibly leads to.
fn forward(
    automaton: &Automaton,
    before: &[Surrounding],
    budget: &mut Budget,
) -> Result<Vec<Word>, TooComplex> {
    let mut set = automaton.start();
    for part in before {
        match part {
            Surrounding::Literal(text) => {
                for character in text.chars() {
                    budget.spend(automaton.states())?;
                    let readers = automaton.readers(symbol(character), false, Case::Kept);
                    set = step(automaton, &set, &readers, budget)?;
                }
            }
            Surrounding::Over(symbols) => {
                budget.spend(automaton.states())?;
                let readers = automaton.readers_of(*symbols);
                loop {
                    let mut more = step(automaton, &set, &readers, budget)?;
                    unite(&mut more, &set);
                    if more == set {
                        break;
                    }
                    set = more;
                }
            }
        }
    }
    Ok(set)
}

/// The states from which some text of the form `after` leads to an end.
fn backward(
    automaton: &Automaton,
    after: &[Surrounding],
    must: bool,
    budget: &mut Budget,
) -> Result<Vec<Word>, TooComplex> {
    let mut set = automaton.last().to_vec();
    for part in after.iter().rev() {
        match part {
            Surrounding::Literal(text) => {
                for character in text.chars().rev() {
                    budget.spend(automaton.states() * automaton.words())?;
                    let readers = automaton.readers(symbol(character), must, Case::Kept);
                    set = automaton.predecessors(&set, &readers);
                }
            }
            Surrounding::Over(symbols) => {
                let readers = automaton.readers_of(*symbols);
                loop {
                    budget.spend(automaton.states() * automaton.words())?;
                    let mut more = automaton.predecessors(&set, &readers);
                    unite(&mut more, &set);
                    if more == set {
                        break;
                    }
                    set = more;
                }
            }
        }
    }
    Ok(set)
}

/// The sets that the texts of the form `parts` surely lead to, one for each text, from each set.
fn reached(
    automaton: &Automaton,
    mut sets: Vec<Vec<Word>>,
    parts: &[Surrounding],
    budget: &mut Budget,
) -> Result<Vec<Vec<Word>>, TooComplex> {
    for part in parts {
        match part {
            Surrounding::Literal(text) => {
                for character in text.chars() {
                    budget.spend(automaton.states())?;
                    let readers = automaton.readers(symbol(character), true, Case::Kept);
                    for set in &mut sets {
                        *set = step(automaton, set, &readers, budget)?;
                    }
                }
            }
            Surrounding::Over(alphabet) => {
                let blocks = blocks(symbols(automaton, true, Case::Kept), *alphabet);
                budget.spend(automaton.states() * blocks.len())?;
                let readers = automaton.readers_of_each(&blocks, true, Case::Kept);
                let mut queue = std::mem::take(&mut sets);
                while let Some(set) = queue.pop() {
                    if add_smallest(&mut sets, &set, budget)? {
                        for readers in readers.chunks_exact(automaton.words()) {
                            queue.push(step(automaton, &set, readers, budget)?);
                        }
                    }
                }
            }
        }
    }
    Ok(sets)
}

fn step(
    automaton: &Automaton,
    set: &[Word],
    readers: &[Word],
    budget: &mut Budget,
) -> Result<Vec<Word>, TooComplex> {
    budget.spend((size(set) + SET) * automaton.words())?;
    let mut next = vec![0; automaton.words()];
    automaton.followers(set, &mut next);
    for (word, reader) in next.iter_mut().zip(readers) {
        *word &= reader;
    }
    Ok(next)
}

/// Adds the states of the other set.
fn unite(set: &mut [Word], other: &[Word]) {
    for (word, other) in set.iter_mut().zip(other) {
        *word |= other;
    }
}

/// How many states a set has.
fn size(set: &[Word]) -> usize {
    set.iter().map(|word| word.count_ones() as usize).sum()
}

/// The walk: its nodes, in the order in which they were found.
struct Walk {
    /// For each word of a set whether less is more: all ones for "outside", else zero.
    smaller: Vec<Word>,
    sets: Vec<Word>,
    /// The node from which each was reached, and the symbol.
    origins: Vec<(usize, u8)>,
    seen: Seen,
}

impl Walk {
    /// Adds a set as a node, unless another one can do all that it can; says whether it did.
    fn add(
        &mut self,
        set: &[Word],
        origin: (usize, u8),
        budget: &mut Budget,
    ) -> Result<bool, TooComplex> {
        let width = self.smaller.len();
        budget.spend(width + SET)?;
        if self.seen.contains(set, &self.sets) {
            return Ok(false);
        }
        budget.spend(self.origins.len() / COMPARED)?;
        let mut known = self.sets.chunks_exact(width);
        if known.any(|known| self.surpasses(known, set)) {
            return Ok(false);
        }
        self.seen.insert(set, &mut self.sets);
        self.origins.push(origin);
        Ok(true)
    }

    /// Whether the first set can do all that the second one can.
    fn surpasses(&self, known: &[Word], set: &[Word]) -> bool {
        let words = known.iter().zip(set).zip(&self.smaller);
        words
            .into_iter()
            .all(|((known, set), smaller)| (known ^ set) & (set ^ smaller) == 0)
    }

    fn text(&self, mut node: usize, depth: usize) -> Vec<u8> {
        let mut text = vec![0; depth];
        for symbol in text.iter_mut().rev() {
            let (origin, read) = self.origins[node];
            *symbol = read;
            node = origin;
        }
        text
    }
}

/// Which state sets were met: an open hash table of indices. The standard one is seeded at random,
/// which costs, and makes instruction counts differ from run to run.
#[derive(Default)]
struct Seen {
    /// 0 is free, otherwise one more than the index of the set.
    slots: Vec<usize>,
    len: usize,
}

impl Seen {
    fn contains(&self, set: &[Word], sets: &[Word]) -> bool {
        !self.slots.is_empty() && self.slots[self.slot(set, sets)] != 0
    }

    /// Appends the set to `sets`, in which it must not be.
    fn insert(&mut self, set: &[Word], sets: &mut Vec<Word>) {
        if self.len * 2 >= self.slots.len() {
            self.grow(set.len(), sets);
        }
        let slot = self.slot(set, sets);
        self.len += 1;
        self.slots[slot] = self.len;
        sets.extend_from_slice(set);
    }

    /// The slot of the set, or the free one that it would take.
    fn slot(&self, set: &[Word], sets: &[Word]) -> usize {
        let mask = self.slots.len() - 1;
        let mut slot = hash(set) & mask;
        while self.slots[slot] != 0 {
            let index = self.slots[slot] - 1;
            if &sets[index * set.len()..][..set.len()] == set {
                break;
            }
            slot = (slot + 1) & mask;
        }
        slot
    }

    fn grow(&mut self, width: usize, sets: &[Word]) {
        self.slots = vec![0; (self.slots.len() * 2).max(64)];
        for index in 0..self.len {
            let slot = self.slot(&sets[index * width..][..width], sets);
            self.slots[slot] = index + 1;
        }
    }
}

/// FNV-1a over words, its high bits folded in.
fn hash(set: &[Word]) -> usize {
    let hash = set.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, word| {
        (hash ^ word).wrapping_mul(0x100_0000_01b3)
    });
    #[expect(clippy::cast_possible_truncation, reason = "the low bits are the slot")]
    let slot = (hash ^ (hash >> 29)) as usize;
    slot
}
