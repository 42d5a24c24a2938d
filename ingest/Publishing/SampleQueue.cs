using System.Diagnostics.Metrics;
using System.Threading.Channels;
using Broadcast.Media;

namespace Broadcast.Ingest.Publishing;

/// <summary>
/// The bounded queue between a connection and the next stage. An idle reader runs on the writer's thread, so a sample costs no change of threads. When it
/// is full, in samples or in bytes, the track that did not fit loses samples up to its next sync sample that does, and the loss is counted.
/// </summary>
internal sealed class SampleQueue
{
    /// <summary>Samples that may wait: about 13 s of 30 fps video with sound.</summary>
    public const int Length = 1024;

    /// <summary>Bytes that may wait.</summary>
    public const long MaxBytes = 64 * 1024 * 1024;

    private static readonly Counter<long> DroppedCounter = Telemetry.Meter.CreateCounter<long>(
        "broadcast_samples_dropped", "{sample}", "Samples lost because the next stage was too slow.");

    private readonly Channel<MediaSample> _channel = Channel.CreateBounded<MediaSample>(new BoundedChannelOptions(Length)
    {
        SingleReader = true,
        SingleWriter = true,
        AllowSynchronousContinuations = true,
    });

    private readonly long[] _bytesBefore = new long[Length];
    private long _written;
    private long _bytes;
    private readonly HashSet<int> _waiting = [];

    /// <summary>The reading end.</summary>
    public ChannelReader<MediaSample> Reader => _channel.Reader;

    /// <summary>Samples lost so far.</summary>
    public long Dropped { get; private set; }

    /// <summary>Samples passed on so far.</summary>
    public long Written => _written;

    /// <summary>Passes a sample on, or drops it.</summary>
    public void Write(in MediaSample sample)
    {
        if ((sample.IsSync || !_waiting.Contains(sample.Track.Id)) && WaitingBytes() + sample.Payload.Length <= MaxBytes)
        {
            // The size is noted first: the reader may run inside TryWrite.
            var slot = _written % Length;
            var before = _bytesBefore[slot];
            _bytesBefore[slot] = _bytes;
            _bytes += sample.Payload.Length;
            _written++;
            if (_channel.Writer.TryWrite(sample))
            {
                _waiting.Remove(sample.Track.Id);
                return;
            }

            _written--;
            _bytes -= sample.Payload.Length;
            _bytesBefore[slot] = before;
        }

        _waiting.Add(sample.Track.Id);
        Dropped++;
        DroppedCounter.Add(1, new KeyValuePair<string, object?>("component", "ingest"));
    }

    /// <summary>No more will come.</summary>
    public void Complete() => _channel.Writer.TryComplete();

    /// <summary>Bytes of the samples not yet read: the queue is first in, first out, so they are those of the last ones written.</summary>
    private long WaitingBytes()
    {
        var waiting = _channel.Reader.Count;
        return waiting == 0 ? 0 : _bytes - _bytesBefore[(_written - waiting) % Length];
    }
}
