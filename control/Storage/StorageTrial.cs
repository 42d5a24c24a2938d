namespace Broadcast.Control;

/// <summary>What came of a trial of the store.</summary>
/// <param name="Store">Which it was.</param>
/// <param name="At">When it began.</param>
/// <param name="Steps">What was tried, in order.</param>
internal sealed record StorageTrialResult(StorageInfo Store, DateTimeOffset At, IReadOnlyList<StorageStep> Steps)
{
    /// <summary>Whether all of it worked.</summary>
    public bool Works => Steps.All(s => s.Problem is null);
}

/// <summary>Has the store tried out for people: one trial at a time and one in <see cref="Pause"/>, so that nobody makes load of it. Each is in the audit log.</summary>
internal sealed class StorageTrial(Database database, TimeProvider time)
{
    /// <summary>How long it takes from the begin of a trial until the next may begin.</summary>
    public static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private bool _isOn;
    private long? _begun;

    /// <summary>Tries the store out, to the end also when who asked has gone, so that each is in the audit log.</summary>
    /// <param name="probe">The store.</param>
    /// <exception cref="ControlException">Another one is on, or was a moment ago.</exception>
    public async Task<StorageTrialResult> RunAsync(IStorageProbe probe)
    {
        Begin();
        try
        {
            var at = time.GetUtcNow();
            var result = new StorageTrialResult(probe.Describe(), at, await probe.TestAsync(CancellationToken.None));
            await using var connection = await database.Source.OpenConnectionAsync(CancellationToken.None);
            var failed = result.Steps.FirstOrDefault(s => s.Problem is not null);
            await AuditLog.AddAsync(
                connection, null, at, "storage.test", $"storage/{result.Store.Kind}",
                AuditLog.Detail(("place", result.Store.Place), ("works", result.Works ? "true" : "false"), ("failed", failed?.Name), ("problem", failed?.Problem)), CancellationToken.None);
            return result;
        }
        finally
        {
            lock (_lock)
            {
                _isOn = false;
            }
        }
    }

    private void Begin()
    {
        lock (_lock)
        {
            if (_isOn || (_begun is { } begun && time.GetElapsedTime(begun) < Pause))
            {
                throw new ControlException(ControlCode.TooMany, "The store was tried a moment ago. Try again in a few seconds.");
            }

            (_isOn, _begun) = (true, time.GetTimestamp());
        }
    }
}
