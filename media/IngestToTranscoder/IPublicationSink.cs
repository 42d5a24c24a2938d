using System.Threading.Channels;
using Broadcast.Media.IngestToControl;

namespace Broadcast.Media.IngestToTranscoder;

/// <summary>
/// The tracks and samples of one publisher. <see cref="Samples"/> is a bounded queue: when the consumer is slow, the writer drops samples
/// up to the track's next sync sample and counts them. It never waits. The queue completes when the encoder disconnects, never with an
/// exception.
/// </summary>
/// <param name="Grant">Permission of the publisher.</param>
/// <param name="Tracks">Tracks known at the start; samples may introduce others later.</param>
/// <param name="Samples">Samples of all tracks in order of arrival, with times on the session's timeline.</param>
public sealed record Publication(PublishGrant Grant, IReadOnlyList<Track> Tracks, ChannelReader<MediaSample> Samples)
{
    /// <summary>Indicates whether this is the slate, which replaces absent encoders. Publications from ingest never are.</summary>
    public bool IsSlate { get; init; }

    /// <summary>Offset by which the consumer moves the samples. Ingest keeps the moved timeline at wall-clock time.</summary>
    public TimelineShift Shift { get; } = new();
}

/// <summary>Offset between a publication's timestamps and the delivered ones. Written by the consumer, read by ingest.</summary>
public sealed class TimelineShift
{
    private long _ticks;

    /// <summary>Offset that is added to the publication's timestamps.</summary>
    public TimeSpan Value
    {
        get => TimeSpan.FromTicks(Interlocked.Read(ref _ticks));
        set => Interlocked.Exchange(ref _ticks, value.Ticks);
    }
}

/// <summary>Destination of new publications, from ingest to the transcoder.</summary>
public interface IPublicationSink
{
    /// <summary>Owns <paramref name="publication"/> until the returned task completes, when all samples have been passed on.</summary>
    Task RunAsync(Publication publication, CancellationToken cancellationToken);
}
