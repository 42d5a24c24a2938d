using Broadcast.Control.Events;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

/// <summary>Reminders that count as sent after a series is moved.</summary>
public sealed class ReminderCarryOverTests
{
    private static readonly DateTimeOffset Now = new(2030, 1, 1, 19, 10, 0, TimeSpan.Zero);

    /// <summary>Today's occurrence started at 20:00, its reminder of one hour was sent, and it is 19:10.</summary>
    [Theory]
    [InlineData("20:00", 1, "60", "its length or rule was changed")]
    [InlineData("19:40", 1, "60", "earlier: the hour has come long since")]
    [InlineData("20:10", 1, "60", "to the minute")]
    [InlineData("20:11", 1, "", "a minute more than an hour away: it is sent again in a minute")]
    [InlineData("23:00", 1, "", "much later")]
    [InlineData("19:40", 2, "", "on another day")]
    public void Sent_reminder_counts_for_a_moved_start_unless_it_becomes_due_again(string clock, int day, string told, string why) =>
        string.Join(',', ReminderCarryOver.Carry([At("old", 1, "20:00", 60)], [At("new", day, clock)], Now).Select(c => c.Minutes))
        .ShouldBe(told, why);

    [Fact]
    public void Reminders_are_carried_over_individually_and_only_if_sent()
    {
        ReminderCarryOver.Carry([At("old", 2, "10:00", 2880, 1440, 60)], [At("new", 2, "19:30")], Now).ShouldBe([("new", 2880)]);
        ReminderCarryOver.Carry([At("old", 1, "20:00")], [At("new", 1, "19:30")], Now).ShouldBeEmpty();
    }

    [Fact]
    public void Moved_occurrences_are_matched_by_date_or_else_by_order()
    {
        ReminderCarryOver.Carry([At("mon", 3, "20:00", 4320), At("tue", 4, "20:00", 5760)], [At("a", 4, "19:00"), At("b", 5, "20:00")], Now)
            .ShouldBe([("a", 5760)], "the second of the first is further away than its reminder says");
        ReminderCarryOver.Carry([At("mon", 3, "19:00", 2880), At("tue", 4, "20:00")], [At("a", 3, "23:30"), At("b", 4, "20:00")], Now)
            .ShouldBeEmpty();
        ReminderCarryOver.Carry([At("one", 3, "20:00", 10080), At("two", 10, "20:00")], [At("a", 5, "20:00"), At("b", 12, "20:00")], Now)
            .ShouldBe([("a", 10080)]);
        ReminderCarryOver.Carry([At("one", 3, "20:00", 10080)], [], Now).ShouldBeEmpty("it is no more");
    }

    private static OccurrenceReminders At(string id, int day, string clock, params int[] told)
    {
        var date = new DateOnly(2030, 1, day);
        return new(id, date, new(date.ToDateTime(TimeOnly.ParseExact(clock, "HH:mm", System.Globalization.CultureInfo.InvariantCulture)),
            TimeSpan.Zero), told);
    }
}
