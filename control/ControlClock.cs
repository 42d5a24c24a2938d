namespace Broadcast.Control;

/// <summary>
/// Clock of the control module: the system clock, with its steps. Events, expiry times of tokens and keys, one-time codes and webhooks have
/// to agree with the world. The unkeyed <see cref="TimeProvider"/> is the clock of the media, which stays steady while a session is live;
/// only the times of sessions and of positions in their media use it.
/// </summary>
internal static class ControlClock
{
    /// <summary>Service key of the <see cref="TimeProvider"/>.</summary>
    public const string Key = "control";
}
