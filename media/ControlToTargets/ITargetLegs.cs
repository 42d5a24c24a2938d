namespace Broadcast.Media.ControlToTargets;

/// <summary>State of a target.</summary>
public enum TargetState
{
    /// <summary>Disabled, or its channel is not on air.</summary>
    Off,

    /// <summary>Connects, or waits for the first keyframe or for the platform to acknowledge it.</summary>
    Connecting,

    /// <summary>The platform acknowledges media.</summary>
    Live,

    /// <summary>The connection, or the encoder of the mode steady, failed; the next attempt follows.</summary>
    Retrying,

    /// <summary>The platform or the server rejects the target. A user has to change something; attempts are rare.</summary>
    Rejected,
}

/// <summary>Mode of a target.</summary>
public enum TargetMode
{
    /// <summary>Sends a rendition as it is.</summary>
    Copy,

    /// <summary>
    /// Sends the output of one encoder per session: parameter sets, size and frame rate never change, whatever the source does.
    /// </summary>
    Steady,
}

/// <summary>An enabled target of a session on air.</summary>
/// <param name="Id">Id of the target.</param>
/// <param name="Channel">Channel of the session.</param>
/// <param name="Name">Name of the target, unique on its channel.</param>
/// <param name="Url">Address: <c>rtmp://HOST[:PORT]/APP</c> or <c>rtmps://…</c>, without the stream key.</param>
/// <param name="StreamKey">Stream key. A secret.</param>
/// <param name="Rendition">Name of the video rendition to send, such as <c>source</c> or <c>720p</c>; unused when steady.</param>
public sealed record TargetSettings(long Id, ChannelName Channel, string Name, string Url, string StreamKey, string Rendition)
{
    /// <summary>Mode.</summary>
    public TargetMode Mode { get; init; }

    /// <summary>
    /// Indicates whether the session was live at this target before, from another server or an earlier process: the platform may still
    /// have that connection.
    /// </summary>
    public bool WasLive { get; init; }

    /// <summary>
    /// Sessions from which the media of the session come, through targets that lead to its channel. The next connection announces them, so
    /// that a loop is detected.
    /// </summary>
    public IReadOnlyList<SessionId> Upstream { get; init; } = [];

    /// <summary>Returns whether a connection for other settings can stay: all but the name and the upstream is the same.</summary>
    public bool IsSameConnection(TargetSettings other) =>
        this with { Name = other.Name, WasLive = other.WasLive, Upstream = other.Upstream } == other;

    /// <summary>Returns a text without the stream key.</summary>
    public override string ToString() => $"{Name} ({Url})";
}

/// <summary>State of a target, with figures of its connection.</summary>
/// <param name="State">State.</param>
/// <param name="Reason">Reason of the state, with a remedy where there is one; <see langword="null"/> when live.</param>
/// <param name="Since">Time at which the state began.</param>
public sealed record TargetStatus(TargetState State, string? Reason, DateTimeOffset Since)
{
    /// <summary>Time of the next attempt, when retrying or rejected.</summary>
    public DateTimeOffset? NextAttempt { get; init; }

    /// <summary>Bits per second over the last seconds.</summary>
    public long BitsPerSecond { get; init; }

    /// <summary>Duration of the media that waits to be sent.</summary>
    public TimeSpan Delay { get; init; }

    /// <summary>Video and audio frames that were not sent because the connection was too slow.</summary>
    public long DroppedFrames { get; init; }

    /// <summary>Number of connections that became live.</summary>
    public long Publications { get; init; }
}

/// <summary>Result of a test of a target.</summary>
/// <param name="Accepted">Whether the platform accepted the publication.</param>
/// <param name="Reason">Reason why not, with a remedy where there is one.</param>
/// <param name="Duration">Duration of the test.</param>
public sealed record TargetTestResult(bool Accepted, string? Reason, TimeSpan Duration);

/// <summary>Connections to other platforms, one per target and session. Implemented by targets.</summary>
public interface ITargetLegs
{
    /// <summary>Raised when the state of a target changes. Handlers must only wake other threads.</summary>
    event Action? Changed;

    /// <summary>
    /// Sets the targets of all sessions that this server owns: starts and ends connections so that they match. Targets that are the same as
    /// before are not touched. Returns at once.
    /// </summary>
    void Apply(IReadOnlyDictionary<SessionId, IReadOnlyList<TargetSettings>> targets);

    /// <summary>
    /// Connects to a target and asks to publish, without sending media. Takes some 15 s at most.
    /// </summary>
    /// <param name="session">Open session of the channel, so that a loop is detected.</param>
    /// <param name="target">The target.</param>
    /// <param name="cancellationToken">Cancels the test.</param>
    /// <returns>The result; <see langword="null"/> while too many tests run.</returns>
    /// <exception cref="OperationCanceledException">The test was canceled.</exception>
    Task<TargetTestResult?> TestAsync(SessionId? session, TargetSettings target, CancellationToken cancellationToken);

    /// <summary>States of the targets of a session, by the id of the target.</summary>
    IReadOnlyDictionary<long, TargetStatus> Find(SessionId session);
}
