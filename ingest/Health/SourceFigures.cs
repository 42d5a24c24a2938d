using Broadcast.Media;

namespace Broadcast.Ingest.Health;

/// <summary>What is known of a source at the end of a second: all that findings are made of.</summary>
internal readonly record struct SourceFigures
{
    /// <summary>How long the connection has been publishing.</summary>
    public required TimeSpan Age { get; init; }

    /// <summary>Longest that a segment of the session may be.</summary>
    public required TimeSpan TargetDuration { get; init; }

    public SourceVideo? Video { get; init; }

    public SourceAudio? Audio { get; init; }

    /// <summary>Whether pictures come and none could be decoded yet.</summary>
    public bool AwaitsKeyframe { get; init; }

    /// <summary>How long no picture has come; <see langword="null"/> when there was none ever.</summary>
    public TimeSpan? WithoutPicture { get; init; }

    /// <summary>How long no sound has come; <see langword="null"/> when there was none ever.</summary>
    public TimeSpan? WithoutSound { get; init; }

    /// <summary>Whether the pictures' lengths vary.</summary>
    public bool IsVariable { get; init; }

    /// <summary>Whether pictures follow a keyframe that are shown before it.</summary>
    public bool HasOpenGroups { get; init; }

    public TimeSpan Skew { get; init; }

    /// <summary>How far media came ahead of its time lately, at best; negative when all came late.</summary>
    public TimeSpan Ahead { get; init; }

    /// <summary>Jumps of the clock in the last ten minutes.</summary>
    public long RecentJumps { get; init; }

    /// <summary>Samples lost in the last minute.</summary>
    public long RecentDrops { get; init; }

    /// <summary>Unusable messages in the last minute.</summary>
    public long RecentMalformed { get; init; }

    public long BitsPerSecond { get; init; }

    /// <summary>Median of the bit rates of the last five minutes; 0 while there are too few.</summary>
    public long UsualBitsPerSecond { get; init; }
}
