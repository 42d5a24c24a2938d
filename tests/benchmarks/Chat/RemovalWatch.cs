using System.Diagnostics;

namespace Broadcast.Benchmarks;

/// <summary>Requests a path again and again, until its responses have not contained a text for some time.</summary>
/// <param name="viewer">Client of Varnish.</param>
/// <param name="path">The path.</param>
/// <param name="text">The text.</param>
internal sealed class RemovalWatch(HttpClient viewer, string path, string text)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    /// <summary>Time without the text after which it is considered removed. It includes another lifetime of a batch in caches.</summary>
    private static readonly TimeSpan Confirmation = TimeSpan.FromSeconds(15);

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);
    private long _begunAt = long.MaxValue;
    private volatile bool _hasSeen;

    /// <summary>Indicates whether a response has contained the text.</summary>
    public bool HasSeen => _hasSeen;

    /// <summary>Time of the first response without the text after which none has contained it.</summary>
    public long CleanAt { get; private set; }

    /// <summary>Begins to wait for the removal.</summary>
    public void Begin() => Interlocked.Exchange(ref _begunAt, Stopwatch.GetTimestamp());

    /// <summary>Requests the path until the text has disappeared.</summary>
    /// <exception cref="InvalidDataException">The text has not disappeared.</exception>
    public async Task RunAsync(CancellationToken stopping)
    {
        while (true)
        {
            var body = await viewer.GetStringAsync(new Uri(path, UriKind.Relative), stopping);
            var (now, begun) = (Stopwatch.GetTimestamp(), Interlocked.Read(ref _begunAt));
            if (body.Contains(text, StringComparison.Ordinal))
            {
                (_hasSeen, CleanAt) = (true, 0);
                if (begun < now && Stopwatch.GetElapsedTime(begun, now) > Limit)
                {
                    throw new InvalidDataException($"{path} still contains a removed message.");
                }
            }
            else if (begun < now)
            {
                CleanAt = CleanAt == 0 ? now : CleanAt;
                if (Stopwatch.GetElapsedTime(CleanAt, now) > Confirmation)
                {
                    return;
                }
            }

            await Task.Delay(Interval, TimeProvider.System, stopping);
        }
    }
}
