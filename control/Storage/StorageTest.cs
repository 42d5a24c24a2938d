using Broadcast.Control.Identity;
using Broadcast.Database;

namespace Broadcast.Control.Storage;

/// <summary>Result of a storage test.</summary>
/// <param name="Store">The tested store.</param>
/// <param name="At">Start of the test.</param>
/// <param name="Steps">The steps, in order.</param>
internal sealed record StorageTestResult(StorageInfo Store, DateTimeOffset At, IReadOnlyList<StorageStep> Steps)
{
    /// <summary>Indicates whether all steps succeeded.</summary>
    public bool Succeeded => Steps.All(s => s.Problem is null);
}

/// <summary>
/// Tests the object store on request. One test runs at a time, with at least <see cref="MinInterval"/> between starts, so that users cannot
/// create load. Each test is recorded in the audit log.
/// </summary>
internal sealed class StorageTest(ServerDatabase database, TimeProvider time)
{
    /// <summary>Minimum time between the starts of two tests.</summary>
    public static readonly TimeSpan MinInterval = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private bool _isRunning;
    private long? _startedAt;

    /// <summary>Tests the store. Runs to completion even if the request is canceled, so that each test is in the audit log.</summary>
    /// <param name="probe">The store.</param>
    /// <exception cref="OperationException">Another test is running or has just run.</exception>
    public async Task<StorageTestResult> RunAsync(IStorageProbe probe)
    {
        Start();
        try
        {
            var at = time.GetUtcNow();
            var result = new StorageTestResult(probe.Describe(), at, await probe.TestAsync(CancellationToken.None));
            await using var connection = await database.Source.OpenConnectionAsync(CancellationToken.None);
            var failed = result.Steps.FirstOrDefault(s => s.Problem is not null);
            await AuditLog.RecordAsync(
                connection, null, at, "storage.test", $"storage/{result.Store.Kind}",
                AuditLog.Detail(("location", result.Store.Location), ("works", result.Succeeded ? "true" : "false"),
                    ("failed", failed?.Name), ("problem", failed?.Problem)), CancellationToken.None);
            return result;
        }
        finally
        {
            lock (_lock)
            {
                _isRunning = false;
            }
        }
    }

    private void Start()
    {
        lock (_lock)
        {
            if (_isRunning || (_startedAt is { } startedAt && time.GetElapsedTime(startedAt) < MinInterval))
            {
                throw new OperationException(OperationErrorCode.TooManyAttempts,
                    "The store was tested a moment ago. Try again in a few seconds.");
            }

            (_isRunning, _startedAt) = (true, time.GetTimestamp());
        }
    }
}
