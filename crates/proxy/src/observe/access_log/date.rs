//! Dates of the access log, in UTC, to the millisecond.
//!
//! Not here: local time. A container's clock is in UTC, and lines of several machines must compare.

use std::time::{Duration, SystemTime};

const DAY: u64 = 24 * 60 * 60;
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A moment in the calendar.
#[derive(Clone, Copy, Debug)]
pub(super) struct Date {
    pub(super) year: u64,
    /// 1 to 12.
    pub(super) month: u64,
    /// 1 to 31.
    pub(super) day: u64,
    pub(super) hour: u64,
    pub(super) minute: u64,
    pub(super) second: u64,
    pub(super) millisecond: u32,
}

impl Date {
    /// A time before 1970 is 1970.
    pub(super) fn of(time: SystemTime) -> Date {
        let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
        let (days, rest) = (since.as_secs() / DAY, since.as_secs() % DAY);
        let (year, month, day) = civil(days);
        Date {
            year,
            month,
            day,
            hour: rest / 3600,
            minute: rest / 60 % 60,
            second: rest % 60,
            millisecond: since.subsec_millis(),
        }
    }

    /// The month as `Jan` to `Dec`.
    pub(super) fn month_name(&self) -> &'static str {
        MONTHS[usize::try_from(self.month - 1).unwrap_or_default() % 12]
    }
}

/// A moment in UTC, to the second, as RFC 3339 writes it: `2026-11-23T04:00:00Z`. A time before 1970 is 1970.
pub fn timestamp(time: SystemTime) -> String {
    let Date { year, month, day, hour, minute, second, .. } = Date::of(time);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// Year, month and day of a count of days since 1970: whole cycles of 400 years, counted from a 1 March so that a leap day comes last.
fn civil(days: u64) -> (u64, u64, u64) {
    const CYCLE: u64 = 146_097;
    let days = days + 719_468;
    let (cycle, day_of_cycle) = (days / CYCLE, days % CYCLE);
    let year_of_cycle = (day_of_cycle - day_of_cycle / 1460 + day_of_cycle / 36_524 - day_of_cycle / 146_096) / 365;
    let day_of_year = day_of_cycle - (365 * year_of_cycle + year_of_cycle / 4 - year_of_cycle / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (cycle * 400 + year_of_cycle + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_calendar() {
        for (seconds, expected) in [
            (0, "1970-1-1 0:0:0"),
            (951_782_400, "2000-2-29 0:0:0"),
            (951_868_799, "2000-2-29 23:59:59"),
            (1_709_164_800, "2024-2-29 0:0:0"),
            (1_735_689_599, "2024-12-31 23:59:59"),
            (4_107_542_400, "2100-3-1 0:0:0"),
        ] {
            let date = Date::of(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
            let Date { year, month, day, hour, minute, second, .. } = date;
            assert_eq!(format!("{year}-{month}-{day} {hour}:{minute}:{second}"), expected);
        }
        let moment = SystemTime::UNIX_EPOCH + Duration::from_millis(951_782_461_999);
        assert_eq!(timestamp(moment), "2000-02-29T00:01:01Z");
    }
}
