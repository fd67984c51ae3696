//! Days of the calendar.

use std::fmt;

/// A day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

impl Date {
    /// Reads `2027-03-31`; `None` for another form and for a day that no calendar has.
    pub fn read(text: &str) -> Option<Self> {
        let digits = |range: std::ops::Range<usize>| {
            let part = text.get(range)?;
            let is_number = part.bytes().all(|byte| byte.is_ascii_digit());
            is_number.then(|| part.parse::<u16>().ok()).flatten()
        };
        if text.len() != 10 || text.get(4..5) != Some("-") || text.get(7..8) != Some("-") {
            return None;
        }
        let (year, month, day) = (digits(0..4)?, digits(5..7)?, digits(8..10)?);
        let (month, day) = (u8::try_from(month).ok()?, u8::try_from(day).ok()?);
        let is_real = (1..=12).contains(&month) && (1..=last_day(year, month)).contains(&day);
        is_real.then_some(Self { year, month, day })
    }

    /// The day, in UTC, on which so many seconds have passed since the first one of 1970.
    pub fn of_seconds(seconds: u64) -> Self {
        let mut days = seconds / (24 * 60 * 60);
        let (mut year, mut month) = (1970, 1);
        // A step a month: some hundred for today.
        while days >= u64::from(last_day(year, month)) && year < 9999 {
            days -= u64::from(last_day(year, month));
            (year, month) = if month == 12 {
                (year + 1, 1)
            } else {
                (year, month + 1)
            };
        }
        Self {
            year,
            month,
            day: u8::try_from(days + 1).unwrap_or(u8::MAX),
        }
    }
}

fn last_day(year: u16, month: u8) -> u8 {
    let is_leap = year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400);
    match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

impl fmt::Display for Date {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        write!(
            formatter,
            "{:04}-{:02}-{:02}",
            self.year, self.month, self.day
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_days_of_the_calendar_are_read() {
        for good in ["2027-03-31", "2028-02-29", "2000-02-29"] {
            assert_eq!(Date::read(good).unwrap().to_string(), good);
        }
        for bad in [
            "2027-02-29",
            "1900-02-29",
            "2027-13-01",
            "2027-04-31",
            "31.3.2027",
            "2027-3-31",
            "2027-03-00",
            "２027-03-1",
        ] {
            assert_eq!(Date::read(bad), None, "{bad}");
        }
    }

    #[test]
    fn seconds_are_counted_in_days() {
        let date = |seconds| Date::of_seconds(seconds).to_string();
        assert_eq!(date(0), "1970-01-01");
        assert_eq!(date(951_782_400), "2000-02-29");
        assert_eq!(date(1_806_451_199), "2027-03-30");
        assert_eq!(date(1_806_451_200), "2027-03-31");
    }
}
