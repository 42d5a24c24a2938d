using System.Diagnostics;
using Broadcast.Publisher;

namespace Broadcast.Benchmarks;

/// <summary>An encoder that records the send time of each frame. Publishes a file in real time in a loop.</summary>
internal sealed class PacedPublisher : IAsyncDisposable
{
    private static readonly TimeSpan Near = TimeSpan.FromMilliseconds(2);

    private readonly RtmpPublisher _connection;
    private readonly FlvFile _media;
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private readonly List<(long Milliseconds, long At)> _frames = [];
    private readonly Task _running;
    private long _heldUntil;

    private PacedPublisher(RtmpPublisher connection, FlvFile media)
    {
        (_connection, _media) = (connection, media);
        FramesInFile = media.Tags.Count(t => t.IsVideo && !t.IsConfiguration);
        _running = Task.Factory.StartNew(RunAsync, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).Unwrap();
    }

    /// <summary>Number of frames until the file repeats.</summary>
    public int FramesInFile { get; }

    /// <summary>Completes after a stop; faults when the server closes the connection.</summary>
    public Task Completion => _running;

    /// <summary>Connects and starts sending.</summary>
    public static async Task<PacedPublisher> StartAsync(RtmpTarget target, FlvFile media) =>
        new(await RtmpPublisher.ConnectAsync(target), media);

    /// <summary>Sends nothing for some time and then the whole backlog, like an encoder after a network interruption.</summary>
    public void Hold(TimeSpan length) =>
        Volatile.Write(ref _heldUntil, Stopwatch.GetTimestamp() + (long)(length.TotalSeconds * Stopwatch.Frequency));

    /// <summary>Returns the send time of the frame at a presentation time, by the clock of <see cref="Stopwatch"/>.</summary>
    /// <param name="seconds">Seconds since the first frame.</param>
    /// <returns><see langword="null"/> if the frame does not exist or is not sent yet.</returns>
    public long? SentAt(double seconds)
    {
        lock (_lock)
        {
            if (_frames.Count == 0)
            {
                return null;
            }

            // FLV timestamps are in milliseconds: thirds are rounded, and a frame is closer to its own time than to its neighbor's.
            var sought = (long)Math.Round(seconds * 1000);
            var index = _frames.BinarySearch((sought, 0),
                Comparer<(long Milliseconds, long At)>.Create((a, b) => a.Milliseconds.CompareTo(b.Milliseconds)));
            index = index >= 0 ? index : ~index;
            var near = new[] { index - 1, index }.Where(i => i >= 0 && i < _frames.Count)
                .MinBy(i => Math.Abs(_frames[i].Milliseconds - sought));
            return Math.Abs(_frames[near].Milliseconds - sought) <= 8 ? _frames[near].At : null;
        }
    }

    /// <summary>Returns the latest send time, up to a given time, of the frame with a number in the file.</summary>
    /// <param name="number">Number in the file, from 0.</param>
    /// <param name="by">Limit, by the clock of <see cref="Stopwatch"/>.</param>
    public long? SentLast(int number, long by)
    {
        lock (_lock)
        {
            for (var i = _frames.Count - 1; i >= 0; i--)
            {
                if (i % FramesInFile == number && _frames[i].At <= by)
                {
                    return _frames[i].At;
                }
            }

            return null;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _connection.CloseAsync();
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        await _connection.SendAsync([.. _media.Tags.Where(t => t.IsConfiguration || !(t.IsAudio || t.IsVideo))], 0, _stop.Token);
        var frames = _media.Tags.Where(t => (t.IsAudio || t.IsVideo) && !t.IsConfiguration).ToList();
        var (began, offset, first) = (Stopwatch.GetTimestamp(), 0L, frames[0].Timestamp);
        var firstFrame = frames.First(f => f.IsVideo).Timestamp;
        while (!_stop.IsCancellationRequested)
        {
            for (var i = 0; i < frames.Count; i++)
            {
                var due = TimeSpan.FromMilliseconds(offset + frames[i].Timestamp - first);
                while (due - Stopwatch.GetElapsedTime(began) is var wait && wait > TimeSpan.Zero)
                {
                    await Task.Delay(wait > Near ? wait : Near, TimeProvider.System, _stop.Token);
                }

                while (Volatile.Read(ref _heldUntil) > Stopwatch.GetTimestamp())
                {
                    await Task.Delay(Near, TimeProvider.System, _stop.Token);
                }

                await _connection.SendAsync(frames, i, i + 1, unchecked((uint)offset), _stop.Token);
                if (frames[i].IsVideo)
                {
                    lock (_lock)
                    {
                        _frames.Add((offset + frames[i].Timestamp - firstFrame, Stopwatch.GetTimestamp()));
                    }
                }
            }

            offset += (long)_media.Duration.TotalMilliseconds;
        }
    }
}
