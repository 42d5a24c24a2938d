using Broadcast.Control.Channels;
using Broadcast.Media;
using Broadcast.Media.IngestToControl;

namespace Broadcast.Control.Publishing;

/// <summary>Result of admitting an encoder to a channel.</summary>
internal abstract record AdmissionResult
{
    /// <summary>The encoder was admitted.</summary>
    public sealed record Admitted(PublishGrant Grant, bool Continued) : AdmissionResult;

    /// <summary>Another encoder is publishing.</summary>
    /// <param name="Since">Time of its admission.</param>
    /// <param name="Silence">Time since its last usable frame.</param>
    public sealed record Busy(DateTimeOffset Since, TimeSpan Silence) : AdmissionResult;

    /// <summary>Another encoder is publishing and can be taken over shortly; retry then.</summary>
    /// <param name="RetryAfter">Time until the retry.</param>
    /// <param name="Freed">Completes when the input is free earlier.</param>
    public sealed record RetryLater(TimeSpan RetryAfter, Task Freed) : AdmissionResult;

    /// <summary>The session moves to another server.</summary>
    /// <param name="WhenOver">Completes when it has moved, or continues here.</param>
    public sealed record Moving(Task WhenOver) : AdmissionResult;
}

/// <summary>Session found open in the database at start.</summary>
internal sealed record OpenSession(BroadcastSession Session, long ChannelId, TimeSpan Window, DateTimeOffset? LastPublicationEndedAt)
{
    /// <summary>Ladder of its channel, as text.</summary>
    public string Ladder { get; init; } = ChannelRules.DefaultLadder;

    /// <summary>Languages of audio tracks that its channel sets, as text.</summary>
    public string AudioLanguages { get; init; } = "";
}
