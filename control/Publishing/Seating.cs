using Broadcast.Media;

namespace Broadcast.Control;

/// <summary>What came of an encoder's wish for a channel.</summary>
internal abstract record Seating
{
    /// <summary>The channel is its own.</summary>
    public sealed record Taken(PublishGrant Grant, bool Continued) : Seating;

    /// <summary>Somebody else has it.</summary>
    /// <param name="Since">Since when.</param>
    /// <param name="Silence">How long that one has not sent a usable frame.</param>
    public sealed record Busy(DateTimeOffset Since, TimeSpan Silence) : Seating;

    /// <summary>Somebody else has it, who may have to give way in a moment: ask again then.</summary>
    /// <param name="In">When.</param>
    /// <param name="Gone">Completes when the place is free before.</param>
    public sealed record Soon(TimeSpan In, Task Gone) : Seating;
}

/// <summary>A session found open in the database at start.</summary>
internal sealed record OpenSession(BroadcastSession Session, long ChannelId, TimeSpan Window, DateTimeOffset? LastPublicationEndedAt);
