namespace Broadcast.Database;

/// <summary>
/// Clock that agrees with the calendar: the system clock, with its steps. Events, expiry times of tokens and keys, one-time codes and
/// webhooks have to agree with the world. The unkeyed <see cref="TimeProvider"/> is the clock of the media, which stays steady
/// while a session is live; only the times of sessions and of positions in their media use it.
/// </summary>
public static class CalendarClock
{
    /// <summary>Service key of the <see cref="TimeProvider"/>.</summary>
    public const string Key = "control";
}
