using Broadcast.Media.IngestToControl;

namespace Broadcast.Ingest.Health;

/// <summary>Statistics of a source at the end of a second: the input of the issue rules.</summary>
internal readonly record struct SourceStatistics
{
    /// <summary>Time since publishing started.</summary>
    public required TimeSpan Age { get; init; }

    /// <summary>Maximum segment duration of the session.</summary>
    public required TimeSpan TargetDuration { get; init; }

    public SourceVideo? Video { get; init; }

    public SourceAudio? Audio { get; init; }

    /// <summary>Indicates whether video frames arrive but none could be decoded so far.</summary>
    public bool AwaitsKeyframe { get; init; }

    /// <summary>Time since the last video frame; <see langword="null"/> when there was none.</summary>
    public TimeSpan? TimeSinceVideo { get; init; }

    /// <summary>Time since the last audio frame; <see langword="null"/> when there was none.</summary>
    public TimeSpan? TimeSinceAudio { get; init; }

    /// <summary>Indicates whether frame durations vary.</summary>
    public bool HasVariableFrameRate { get; init; }

    /// <summary>Indicates whether frames after a keyframe precede it in presentation order.</summary>
    public bool HasOpenGop { get; init; }

    public TimeSpan Skew { get; init; }

    /// <summary>Recent maximum lead of media timestamps over arrival; negative when all media arrived late.</summary>
    public TimeSpan ArrivalLead { get; init; }

    /// <summary>Number of timestamp jumps in the last ten minutes.</summary>
    public long RecentJumps { get; init; }

    /// <summary>Number of samples dropped in the last minute.</summary>
    public long RecentDrops { get; init; }

    /// <summary>Number of unusable messages in the last minute.</summary>
    public long RecentMalformed { get; init; }

    public long BitsPerSecond { get; init; }

    /// <summary>Median bit rate of the last five minutes; 0 when there are too few measurements.</summary>
    public long TypicalBitsPerSecond { get; init; }
}
