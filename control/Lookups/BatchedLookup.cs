namespace Broadcast.Control.Lookups;

/// <summary>
/// Lookups of rows by id, several in one statement when many are requested at once. A statement starts after the requests that it answers,
/// so every answer is as current as that of a statement of its own. Running statements and waiting requests are limited. Thread-safe.
/// </summary>
/// <param name="read">Reads the existing rows of the given ids.</param>
/// <param name="maxRunning">Maximum number of statements at a time.</param>
internal sealed class BatchedLookup<T>(Func<string[], Task<IReadOnlyDictionary<string, T>>> read, int maxRunning)
    where T : class
{
    /// <summary>Maximum number of ids per statement.</summary>
    public const int MaxBatch = 100;

    /// <summary>Maximum number of waiting requests; further ones fail at once.</summary>
    public const int MaxWaiting = 10_000;

    private readonly Queue<Request> _waiting = new();
    private readonly Lock _lock = new();
    private int _running;

    /// <summary>Looks up a row; <see langword="null"/> when there is none.</summary>
    /// <exception cref="TimeoutException">Too many requests are waiting.</exception>
    public Task<T?> FindAsync(string id)
    {
        var request = new Request(id);
        lock (_lock)
        {
            if (_waiting.Count >= MaxWaiting)
            {
                return Task.FromException<T?>(new TimeoutException("Too many lookups are waiting for the database."));
            }

            _waiting.Enqueue(request);
            if (_running == maxRunning)
            {
                return request.Found.Task;
            }

            _running++;
        }

        _ = RunAsync();
        return request.Found.Task;
    }

    /// <summary>Answers waiting requests until there are none. Never throws.</summary>
    private async Task RunAsync()
    {
        while (Next() is { Count: > 0 } requests)
        {
            try
            {
                var rows = await read([.. requests.Select(r => r.Id).Distinct(StringComparer.Ordinal)]);
                requests.ForEach(r => r.Found.TrySetResult(rows.GetValueOrDefault(r.Id)));
            }
            catch (Exception e)
            {
                requests.ForEach(r => r.Found.TrySetException(e));
            }
        }
    }

    private List<Request> Next()
    {
        lock (_lock)
        {
            var requests = new List<Request>();
            while (requests.Count < MaxBatch && _waiting.TryDequeue(out var request))
            {
                requests.Add(request);
            }

            if (requests.Count == 0)
            {
                _running--;
            }

            return requests;
        }
    }

    private sealed class Request(string id)
    {
        public string Id { get; } = id;

        public TaskCompletionSource<T?> Found { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
