//! The bugs: what is wrong, where it comes from, and who must find it.
//!
//! The place of each is the line that asks [`crate::is`] for it; `grep -rn Bug::` finds them.

/// Where a bug comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// It happened in another system: its number in the list of incidents.
    Incident(u8),
    /// We fear that we could make it.
    Ours,
}

/// Who must find a bug.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finder {
    /// One of the simulator's first seeds.
    Simulator,
    /// A test, because the simulator cannot see it.
    Test {
        /// The package.
        package: &'static str,
        /// Its test program.
        program: &'static str,
        /// The test, with its modules.
        test: &'static str,
    },
}

const fn test(package: &'static str, program: &'static str, test: &'static str) -> Finder {
    Finder::Test { package, program, test }
}

macro_rules! bugs {
    ($(#[doc = $words:literal] $bug:ident: $origin:expr, $finder:expr;)+) => {
        /// A planted bug.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Bug {
            $(#[doc = $words] $bug,)+
        }

        impl Bug {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$bug),+];

            /// Its name, as [`crate::VARIABLE`] gives it.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$bug => stringify!($bug),)+
                }
            }

            /// What is wrong, in a sentence.
            pub const fn words(self) -> &'static str {
                match self {
                    $(Self::$bug => $words.trim_ascii(),)+
                }
            }

            /// Where it comes from.
            pub const fn origin(self) -> Origin {
                use Origin::{Incident, Ours};
                match self {
                    $(Self::$bug => $origin,)+
                }
            }

            /// Who must find it.
            pub const fn finder(self) -> Finder {
                use Finder::Simulator;
                match self {
                    $(Self::$bug => $finder,)+
                }
            }
        }
    };
}

bugs! {
    /// The server takes the goods of a sale once more when the sale is said again
    RepeatIsAppliedAgain: Incident(1), Simulator;
    /// A press of the button is not remembered, and its cart stays on the counter
    PressIsForgotten: Incident(1), Simulator;
    /// Commits do not wait for the disk (synchronous = NORMAL)
    CommitWithoutSync: Incident(2), test("pos-app", "power", "cuts::whatever_moment_the_power_goes_every_acknowledged_sale_is_there_and_nothing_is_half_done");
    /// A known id with another body is answered as if it were known
    BodyIsNotCompared: Incident(3), test("pos-server", "server", "verdicts::another_body_under_a_known_id_is_an_alarm_and_changes_nothing");
    /// A file that was put back goes on in the life that it had
    LifeGoesOnAfterRestore: Incident(3), test("pos-app", "till", "recovery::an_old_file_put_back_by_hand_is_noticed_and_filled_up");
    /// A sale that was latched to a fact is still sent as a question
    LatchIsNotSent: Incident(4), Simulator;
    /// The latch does not invalidate the claim: a late refusal rejects a sale that stands
    LatchDoesNotFence: Incident(4), test("pos-store", "store", "queue::a_late_refusal_changes_nothing_once_the_sale_is_a_fact");
    /// Nothing leaves while a refused operation stands in the list
    DeadOperationBlocksTheQueue: Incident(5), Simulator;
    /// The fifth failure of the network gives an operation up
    TransientFailuresCount: Incident(6), Simulator;
    /// The queue is looked at only after a write here
    RetryNeedsAWrite: Incident(7), Simulator;
    /// The feed is read from where it stood after the last page of a first sync, not before its first one
    MarkOfTheLastPage: Incident(8), test("pos-sync", "it", "exchange::what_changes_during_a_first_sync_comes_from_the_feed_and_nothing_has_to_be_put_right");
    /// The cursor moves before the rows of its page are written, in a transaction of its own
    CursorBeforeItsRows: Incident(8), Simulator;
    /// Places in the feed are handed out in blocks, and a reader's cursor stands at the end of the block
    FeedSeqInBlocks: Incident(9), Simulator;
    /// A clock that is a minute off is a server that does not answer
    ClockStopsTheSync: Incident(10), Simulator;
    /// A server that was put back to an older copy is told nothing again
    RestoredServerIsNotToldAgain: Incident(11), Simulator;
    /// A server that was put back refuses for good what refers to something that it has forgotten
    ForgottenGoodsAreRefused: Incident(11), Simulator;
    /// A migration empties the queue
    MigrationEmptiesTheQueue: Incident(12), test("pos-store", "store", "upgrading::no_step_forgets_a_ledger_or_the_queue");
    /// A damaged file is deleted instead of set aside
    DamagedFileIsDeleted: Incident(13), test("pos-sqlite", "it", "saving::quarantine_moves_the_file_with_its_wal_and_frees_the_place");
    /// A migration begins although its snapshot could not be made
    MigrationWithoutSnapshot: Incident(14), test("pos-sqlite", "it", "migrating::no_snapshot_no_migration");
    /// A pulled balance takes all of this register's own movements away
    PulledBalanceHidesOwnSales: Incident(15), test("pos-store", "store", "stock_law::shown_stock_is_the_balance_pulled_and_own_sales_it_lacks");
    /// The server forgets an operation after ten minutes
    VerdictsExpire: Incident(16), test("pos-server", "server", "verdicts::after_a_long_weekend_a_sale_is_still_known");
    /// Refunds of one sale are not summed
    RefundsAreNotSummed: Incident(17), test("pos-server", "server", "verdicts::refund_never_exceeds_what_was_sold");
    /// A withdrawn sale gives its goods back for the sale, and once more for its end
    WithdrawalGivesBackTwice: Incident(18), test("pos-server", "server", "verdicts::a_withdrawn_sale_gives_its_goods_back_and_never_applies_later");
    /// Every register gets the same series
    OneSeriesForAll: Incident(19), Simulator;
    /// The server books one piece for each line
    EveryQuantityIsOne: Incident(20), Simulator;
    /// The program ends without sending what waits
    EndsWithoutSending: Incident(21), test("pos-sync", "it", "exchange::the_end_of_the_program_sends_what_waits");
    /// An acknowledgement covers the later edits of its row that were not sent
    LaterEditMarkedAsSent: Incident(22), test("pos-store", "store", "queue::an_acknowledgement_covers_no_later_edit_of_its_row");
    /// A later edit is drawn into one that is under way
    EditDrawnIntoOneUnderWay: Incident(22), Simulator;
    /// A sale writes the price at which it sold into the catalogue
    SaleWritesThePrice: Incident(23), Simulator;
    /// The server's name of a row is not written with its acknowledgement
    MappingIsNotWritten: Incident(24), Simulator;
    /// A push that failed counts as a success
    FailureCountsAsSuccess: Incident(25), test("pos-sync", "it", "exchange::a_push_that_failed_is_no_success");

    /// An answer to any earlier claim is taken
    AnswersAreNotFenced: Ours, test("pos-store", "store", "queue::an_answer_to_an_earlier_claim_changes_nothing");
    /// A refusal is answered and not kept
    RefusalIsNotKept: Ours, Simulator;
    /// A question at the counter is recorded as if it had happened: nothing is ever refused
    QuestionTakenAsFact: Ours, Simulator;
    /// A sale given back without an answer is not taken back on the server
    WithdrawalIsNotSent: Ours, test("pos-app", "till", "checkout::a_shop_whose_sales_need_the_server_gets_its_cart_back_and_the_server_forgets_the_sale");
    /// A sale that is taken back keeps its movements on the list of those not sent
    RollbackKeepsItsMovements: Ours, Simulator;
    /// A cart that was given back is sold again with the same ids of its lines
    LineIdsAreReused: Ours, Simulator;
    /// A sale that a crash left between question and end stays there
    BegunSaleIsNotFinished: Ours, Simulator;
    /// The probe of an open breaker never goes
    BreakerNeverProbes: Ours, Simulator;
    /// Due times are believed however far ahead they are
    FarDueTimesAreBelieved: Ours, test("pos-store", "store", "queue::a_clock_that_ran_wrong_delays_nothing");
    /// An operation forgets what it depends on
    DependenciesAreForgotten: Ours, Simulator;
    /// What a shortage adds is counted twice
    ShortageCountedTwice: Ours, Simulator;
    /// A changed balance does not move in the feed
    BalanceStaysInTheFeed: Ours, Simulator;
    /// An edit that lost does not move its row in the feed
    LosingEditIsNotTold: Ours, Simulator;
    /// A tombstone is ignored
    TombstoneIsIgnored: Ours, Simulator;
    /// An older revision is written over a newer one
    OlderRevisionIsWritten: Ours, test("pos-store", "store", "sync::an_older_row_changes_nothing");
    /// A pulled row forgets the edit that waits on top of it
    PulledRowForgetsTheEdit: Ours, test("pos-store", "store", "sync::a_pulled_row_keeps_the_edit_that_waits_on_top");
    /// A movement leaves the pending ones one place of the feed too early
    MovementContainedTooEarly: Ours, test("pos-store", "store", "stock_law::shown_stock_is_the_balance_pulled_and_own_sales_it_lacks");
    /// The id that a row was given up for is not followed
    AliasIsNotFollowed: Ours, test("pos-server", "server", "edits::the_same_barcode_made_twice_is_one_product_with_both_counts");
    /// Links of the chain are sent from the second one on
    FirstLinkIsLeftOut: Ours, Simulator;
    /// The exchange does not go on after a pause
    PauseLastsForEver: Ours, Simulator;
    /// What missing goods are paid back with forgets the discounts
    RefundForgetsTheDiscount: Ours, test("pos-app", "till", "shortage::a_refund_of_missing_goods_pays_back_what_was_paid_for_them_after_every_discount");
    /// The watermark rises over a hole
    WatermarkOverAHole: Ours, test("pos-server", "server", "verdicts::holes_are_allowed_up_to_a_bound_and_the_watermark_waits_for_them");
    /// Any holder of the queue's lease is let in
    LeaseIsForAll: Ours, test("pos-store", "store", "small::one_drainer_at_a_time");
    /// Operations of a revoked register are applied
    RevokedRegisterWrites: Ours, test("pos-server", "server", "verdicts::operations_after_a_revocation_are_kept_aside_and_not_dropped");
    /// An ended life of a register goes on writing
    EndedLifeWrites: Ours, test("pos-server", "server", "verdicts::a_life_that_ended_is_fenced_but_hears_its_old_verdicts");
    /// The clock of edits follows the wall, also back
    EditClockRunsBack: Ours, test("pos-domain", "laws", "clocks::a_clock_only_goes_forward_whatever_the_wall_says");
    /// `verify` does not add the tenders up
    TendersAreNotVerified: Ours, test("comptoir-tests", "evidence", "register::a_thousand_random_changes_of_a_registers_file_are_all_found_and_named");
}
