using System.Diagnostics;
using Broadcast.Ingest.Client;

namespace Broadcast.Benchmarks;

/// <summary>An encoder that knows when it sent each picture: it publishes a file in real time, again and again.</summary>
internal sealed class PacedPublisher : IAsyncDisposable
{
    private static readonly TimeSpan Near = TimeSpan.FromMilliseconds(2);

    private readonly RtmpPublisher _connection;
    private readonly FlvFile _media;
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private readonly List<(long Milliseconds, long At)> _pictures = [];
    private readonly Task _running;
    private long _heldUntil;

    private PacedPublisher(RtmpPublisher connection, FlvFile media)
    {
        (_connection, _media) = (connection, media);
        PicturesInFile = media.Tags.Count(t => t.IsVideo && !t.IsConfiguration);
        _running = Task.Factory.StartNew(RunAsync, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).Unwrap();
    }

    /// <summary>Pictures until the file begins again.</summary>
    public int PicturesInFile { get; }

    /// <summary>Completes when it is told to stop; faults when the server broke the connection.</summary>
    public Task Completion => _running;

    /// <summary>Connects and begins.</summary>
    public static async Task<PacedPublisher> StartAsync(RtmpTarget target, FlvFile media) => new(await RtmpPublisher.ConnectAsync(target), media);

    /// <summary>Sends nothing for some time, and then all of it at once, as an encoder does whose line was down.</summary>
    public void Hold(TimeSpan length) => Volatile.Write(ref _heldUntil, Stopwatch.GetTimestamp() + (long)(length.TotalSeconds * Stopwatch.Frequency));

    /// <summary>When the picture was sent that is shown at a time, by the clock of <see cref="Stopwatch"/>.</summary>
    /// <param name="seconds">Since the first picture.</param>
    /// <returns><see langword="null"/> when there is no such picture, or not yet.</returns>
    public long? SentAt(double seconds)
    {
        lock (_lock)
        {
            if (_pictures.Count == 0)
            {
                return null;
            }

            // FLV counts milliseconds: thirds are rounded, and a picture is nearer to its own time than to its neighbor's.
            var sought = (long)Math.Round(seconds * 1000);
            var index = _pictures.BinarySearch((sought, 0), Comparer<(long Milliseconds, long At)>.Create((a, b) => a.Milliseconds.CompareTo(b.Milliseconds)));
            index = index >= 0 ? index : ~index;
            var near = new[] { index - 1, index }.Where(i => i >= 0 && i < _pictures.Count).MinBy(i => Math.Abs(_pictures[i].Milliseconds - sought));
            return Math.Abs(_pictures[near].Milliseconds - sought) <= 8 ? _pictures[near].At : null;
        }
    }

    /// <summary>When the last picture with a number in the file was sent that had been by then.</summary>
    /// <param name="number">Its number in the file, from 0.</param>
    /// <param name="by">By the clock of <see cref="Stopwatch"/>.</param>
    public long? SentLast(int number, long by)
    {
        lock (_lock)
        {
            for (var i = _pictures.Count - 1; i >= 0; i--)
            {
                if (i % PicturesInFile == number && _pictures[i].At <= by)
                {
                    return _pictures[i].At;
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
        var firstPicture = frames.First(f => f.IsVideo).Timestamp;
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
                        _pictures.Add((offset + frames[i].Timestamp - firstPicture, Stopwatch.GetTimestamp()));
                    }
                }
            }

            offset += (long)_media.Duration.TotalMilliseconds;
        }
    }
}
