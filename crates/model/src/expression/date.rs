//! Dates as text, always in UTC: `http_date`, `ltime`, `utime`, `%t` and `%T`.
//!
//! Not here: what time it is.

const DAYS: [&str; 7] = ["Thursday", "Friday", "Saturday", "Sunday", "Monday", "Tuesday", "Wednesday"];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// The latest second that is written, the end of the year 9999, so that a year has four digits.
const LAST: i64 = 253_402_300_799;

/// A day of the calendar.
struct Day {
    year: i64,
    /// 0 to 11.
    month: usize,
    /// 1 to 31.
    day: i64,
}

/// The format of HTTP's fields (RFC 9110 §5.6.7).
pub(super) fn http_date(seconds: i64) -> String {
    formatted(seconds, "%a, %d %b %Y %H:%M:%S GMT").expect("the format has no letter that is unknown")
}

/// Seconds since 1970 in a format of strftime(3). `None` for a letter that is not known.
pub(super) fn formatted(seconds: i64, format: &str) -> Option<String> {
    let seconds = seconds.clamp(0, LAST);
    let mut parts = format.split('%');
    let mut text = parts.next().unwrap_or_default().to_owned();
    while let Some(part) = parts.next() {
        let Some(letter) = part.chars().next() else {
            // `%%`: an empty part, and the one behind it is text.
            text.push('%');
            text.push_str(parts.next()?);
            continue;
        };
        text.push_str(&field(seconds, letter)?);
        text.push_str(&part[letter.len_utf8()..]);
    }
    Some(text)
}

fn field(seconds: i64, letter: char) -> Option<String> {
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let Day { year, month, day } = civil(days);
    let weekday = DAYS[usize::try_from(days % 7).unwrap_or_default()];
    Some(match letter {
        'Y' => format!("{year:04}"),
        'y' => format!("{:02}", year % 100),
        'm' => format!("{:02}", month + 1),
        'd' => format!("{day:02}"),
        'e' => format!("{day:2}"),
        'H' => format!("{hour:02}"),
        'M' => format!("{minute:02}"),
        'S' => format!("{second:02}"),
        's' => seconds.to_string(),
        'a' => weekday[..3].to_owned(),
        'A' => weekday.to_owned(),
        'b' => MONTHS[month][..3].to_owned(),
        'B' => MONTHS[month].to_owned(),
        'F' => format!("{year:04}-{:02}-{day:02}", month + 1),
        'T' => format!("{hour:02}:{minute:02}:{second:02}"),
        'Z' => "UTC".to_owned(),
        'z' => "+0000".to_owned(),
        _ => return None,
    })
}

/// The day that is so many days after 1 January 1970, by eras of 400 years that begin with a March.
fn civil(days: i64) -> Day {
    let days = days + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = usize::try_from((from_march + 2) % 12).unwrap_or_default();
    let year = era * 400 + year_of_era + i64::from(month < 2);
    Day { year, month, day }
}

#[cfg(test)]
mod tests {
    use super::{formatted, http_date};

    #[test]
    fn dates_are_those_of_the_calendar() {
        assert_eq!(http_date(784_111_777), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(http_date(0), "Thu, 01 Jan 1970 00:00:00 GMT");
        assert_eq!(formatted(951_827_696, "%F %T %% %j").as_deref(), None);
        assert_eq!(formatted(951_827_696, "%F %T %%d %B").as_deref(), Some("2000-02-29 12:34:56 %d February"));
        assert_eq!(formatted(i64::MAX, "%Y").as_deref(), Some("9999"));
        assert_eq!(formatted(5, "%"), None);
    }
}
