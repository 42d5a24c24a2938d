using System.Collections.Concurrent;
using Microsoft.Extensions.Options;

namespace Broadcast.Control;

/// <summary>
/// The way to what is not in memory, for those who keep some of a table there and hear of its changes: looked up a few at a time, because ids can be guessed at, each for as long as <see cref="ControlOptions.LookupTimeout"/> says at
/// most; what there is not is remembered for a moment. What is read while a change is heard of is not remembered: it may be old by then. Safe to use from any thread.
/// </summary>
/// <param name="options">How long a look-up may take.</param>
/// <param name="time">The clock.</param>
internal sealed class Lookups(IOptions<ControlOptions> options, TimeProvider time) : IDisposable
{
    private const int MaxMissing = 10_000;
    private const int AtOnce = 4;

    // Notices undo it at once; this is for what nobody tells.
    private static readonly TimeSpan MissingFor = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<string, long> _missing = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _lookups = new(AtOnce, AtOnce);
    private readonly SemaphoreSlim _turn = new(1, 1);
    private long _changes;

    /// <summary>What memory says of an id.</summary>
    /// <param name="id">The id.</param>
    /// <param name="found">What it has; <see langword="null"/> with <see langword="true"/> for what there was not a moment ago.</param>
    /// <returns>Whether it says anything.</returns>
    public delegate bool Memory<T>(string id, out T? found)
        where T : class;

    /// <summary>Rises before and after every change that is learnt. What was read between two equal values may be remembered.</summary>
    public long Changes => Interlocked.Read(ref _changes);

    /// <summary>Whether there was nothing of an id a moment ago.</summary>
    public bool IsMissing(string id) => _missing.TryGetValue(id, out var since) && time.GetElapsedTime(since) < MissingFor;

    /// <summary>There is nothing of an id.</summary>
    public void NoteMissing(string id)
    {
        if (_missing.Count >= MaxMissing)
        {
            _missing.Clear();
        }

        _missing[id] = time.GetTimestamp();
    }

    /// <summary>There may be something of an id now.</summary>
    public void NoteThere(string id) => _missing.TryRemove(id, out _);

    /// <summary>Learns of a change, one at a time: what was read earlier must not take the place of what was read later. Who looks up meanwhile may have read what is old by then, and remembers nothing.</summary>
    /// <param name="learn">Reads it and takes it in.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    public async Task LearnAsync(Func<Task> learn, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            Interlocked.Increment(ref _changes);
            await learn();
        }
        finally
        {
            Interlocked.Increment(ref _changes);
            _turn.Release();
        }
    }

    /// <summary>What the database has, for who has found nothing in memory.</summary>
    /// <param name="id">The id.</param>
    /// <param name="memory">What memory has by the time that it is this look-up's turn.</param>
    /// <param name="read">Reads it, and remembers it where it may.</param>
    /// <param name="away">What is thrown where it cannot be found out now, for what was the matter.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async ValueTask<T?> FindAsync<T>(string id, Memory<T> memory, Func<string, CancellationToken, Task<T?>> read, Func<Exception, Exception> away, CancellationToken cancellationToken)
        where T : class
    {
        using var limit = new CancellationTokenSource(options.Value.LookupTimeout, time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            await _lookups.WaitAsync(linked.Token);
            try
            {
                return memory(id, out var known) ? known : await read(id, linked.Token);   // who waited before may have found it
            }
            finally
            {
                _lookups.Release();
            }
        }
        catch (Exception e) when (Database.IsAway(e) || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw away(e);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _lookups.Dispose();
        _turn.Dispose();
    }
}
