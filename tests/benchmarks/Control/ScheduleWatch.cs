using System.Collections.Concurrent;
using Npgsql;

namespace Broadcast.Benchmarks;

/// <summary>A step of the schedule, as notified by the database after its commit.</summary>
/// <param name="Name">Name of the planned event.</param>
/// <param name="Step">Executed step.</param>
/// <param name="By">Name of the executing connection.</param>
/// <param name="At">Time of the notification.</param>
internal sealed record ReceivedStep(string Name, string Step, string By, DateTimeOffset At);

/// <summary>
/// Receives each step by <c>NOTIFY</c> on <see cref="Channel"/>. The payload contains name, step and executor, separated by spaces.
/// </summary>
internal sealed class ScheduleWatch : IAsyncDisposable
{
    /// <summary>Name of the notification channel.</summary>
    public const string Channel = "bench";

    private readonly NpgsqlConnection _connection;
    private readonly ConcurrentQueue<ReceivedStep> _received = new();
    private readonly ConcurrentDictionary<(string Name, string Step), DateTimeOffset> _first = new();
    private readonly CancellationTokenSource _stop = new();
    private Task _listening = Task.CompletedTask;

    private ScheduleWatch(NpgsqlConnection connection)
    {
        _connection = connection;
        _connection.Notification += (_, notice) => Hear(notice.Payload, TimeProvider.System.GetUtcNow());
    }

    /// <summary>All received steps, in order.</summary>
    public IReadOnlyCollection<ReceivedStep> Received => _received;

    /// <summary>Starts listening.</summary>
    /// <param name="connectionString">Connection string of the database.</param>
    public static async Task<ScheduleWatch> StartAsync(string connectionString)
    {
        var watch = new ScheduleWatch(new NpgsqlConnection(connectionString));
        await watch._connection.OpenAsync();
        await using var command = new NpgsqlCommand($"LISTEN {Channel}", watch._connection);
        await command.ExecuteNonQueryAsync();
        watch._listening = watch.ListenAsync();
        return watch;
    }

    /// <summary>Returns the time of the first notification of a step, or <see langword="null"/>.</summary>
    public DateTimeOffset? FirstOf(string name, string step) => _first.TryGetValue((name, step), out var at) ? at : null;

    /// <summary>Number of repeated notifications of all steps.</summary>
    public int Repeated => _received.GroupBy(h => (h.Name, h.Step)).Sum(g => g.Count() - 1);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _listening;
        await _connection.DisposeAsync();
        _stop.Dispose();
    }

    private async Task ListenAsync()
    {
        try
        {
            while (!_stop.IsCancellationRequested)
            {
                await _connection.WaitAsync(_stop.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // Disposed.
        }
    }

    private void Hear(string payload, DateTimeOffset at)
    {
        if (payload.Split(' ') is [var name, var step, var by])
        {
            _received.Enqueue(new(name, step, by, at));
            _first.TryAdd((name, step), at);
        }
    }
}
