//! Version vectors and the hybrid logical clock.

use pos_domain::merge::{Causality, Hlc, VersionVector};
use proptest::prelude::*;

fn vectors() -> impl Strategy<Value = VersionVector> {
    prop::collection::btree_map("[abc]", 0_u64..4, 0..4).prop_map(VersionVector)
}

fn readings() -> impl Strategy<Value = Hlc> {
    let counter = prop_oneof![0_u32..5, Just(u32::MAX)];
    (0_i64..50, counter).prop_map(|(wall_ms, counter)| Hlc { wall_ms, counter })
}

proptest! {
    #[test]
    fn comparing_the_other_way_round_gives_the_mirror(a in vectors(), b in vectors()) {
        let mirrored = match a.compare(&b) {
            Causality::Equal => Causality::Equal,
            Causality::After => Causality::Before,
            Causality::Before => Causality::After,
            Causality::Concurrent => Causality::Concurrent,
        };
        prop_assert_eq!(b.compare(&a), mirrored);
        prop_assert_eq!(a.compare(&a), Causality::Equal);
    }

    #[test]
    fn a_join_has_seen_both_and_nothing_more(a in vectors(), b in vectors(), c in vectors()) {
        let joined = a.join(&b);
        prop_assert!(matches!(joined.compare(&a), Causality::After | Causality::Equal));
        prop_assert!(matches!(joined.compare(&b), Causality::After | Causality::Equal));
        prop_assert_eq!(joined.compare(&b.join(&a)), Causality::Equal);
        prop_assert_eq!(a.join(&a), a.clone());
        prop_assert_eq!(joined.join(&c).compare(&a.join(&b.join(&c))), Causality::Equal);
        let above = |v: &VersionVector| matches!(c.compare(v), Causality::After | Causality::Equal);
        if above(&a) && above(&b) {
            prop_assert!(above(&joined), "no other vector that has seen both is below the join");
        }
    }

    #[test]
    fn an_edit_made_after_seeing_another_comes_after_it(mut a in vectors(), b in vectors()) {
        a = a.join(&b);
        *a.0.entry("a".into()).or_insert(0) += 1;
        prop_assert_eq!(a.compare(&b), Causality::After);
    }

    #[test]
    fn two_edits_that_did_not_see_each_other_are_concurrent(common in vectors()) {
        let edited_by = |who: &str| {
            let mut vector = common.clone();
            *vector.0.entry(who.into()).or_insert(0) += 1;
            vector
        };
        prop_assert_eq!(edited_by("a").compare(&edited_by("b")), Causality::Concurrent);
    }

    #[test]
    fn a_clock_only_goes_forward_whatever_the_wall_says(start in readings(), walls in prop::collection::vec(-5_i64..60, 1..20)) {
        let mut now = start;
        for wall in walls {
            let next = now.tick(wall);
            prop_assert!(next > now, "{:?} then {:?} at {}", now, next, wall);
            prop_assert!(next.wall_ms >= wall, "never behind the wall");
            now = next;
        }
    }

    #[test]
    fn what_was_received_came_before(own in readings(), other in readings(), wall in -5_i64..60) {
        let next = own.receive(other, wall);
        prop_assert!(next > own && next > other);
        prop_assert_eq!(next, other.receive(own, wall), "whoever hears whom");
    }
}
