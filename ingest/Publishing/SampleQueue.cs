using System.Threading.Channels;
using Broadcast.Media;

namespace Broadcast.Ingest.Publishing;

/// <summary>
/// Bounded queue between a connection and the next stage. An idle reader runs on the writer's thread, so a sample costs no thread switch.
/// When the queue is full, in samples or bytes, a track loses samples up to its next sync sample that fits. Every loss is counted.
/// </summary>
internal sealed class SampleQueue
{
    /// <summary>Maximum number of queued samples: about 13 s of 30 fps video with audio.</summary>
    public const int Capacity = 1024;

    /// <summary>Maximum bytes of queued samples.</summary>
    public const long MaxBytes = 64 * 1024 * 1024;

    private readonly ByteBoundedChannel<MediaSample> _channel = new(
        new BoundedChannelOptions(Capacity) { SingleReader = true, SingleWriter = true, AllowSynchronousContinuations = true },
        MaxBytes, sample => sample.Payload.Length);

    private readonly HashSet<int> _tracksAwaitingSync = [];

    /// <summary>The reading end.</summary>
    public ChannelReader<MediaSample> Reader => _channel.Reader;

    /// <summary>Number of samples dropped so far.</summary>
    public long Dropped { get; private set; }

    /// <summary>Number of samples written so far.</summary>
    public long Written { get; private set; }

    /// <summary>Writes a sample, or drops it.</summary>
    public void Write(in MediaSample sample)
    {
        if (sample.IsSync || !_tracksAwaitingSync.Contains(sample.Track.Id))
        {
            // Count first: the reader may run inside TryWrite.
            Written++;
            if (_channel.Writer.TryWrite(sample))
            {
                _tracksAwaitingSync.Remove(sample.Track.Id);
                return;
            }

            Written--;
        }

        _tracksAwaitingSync.Add(sample.Track.Id);
        Dropped++;
        DroppedSamples.Count(PipelineStage.Ingest);
    }

    /// <summary>Completes the queue.</summary>
    public void Complete() => _channel.Writer.TryComplete();
}
