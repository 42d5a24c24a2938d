using System.Collections.Concurrent;
using Npgsql;

namespace Broadcast.Benchmarks;

/// <summary>Something that was done at its time, as somebody hears of it who listens to the database: when what was done is committed.</summary>
/// <param name="Name">What was planned.</param>
/// <param name="Step">What was done with it.</param>
/// <param name="By">Who did it, by the name of its connection.</param>
/// <param name="At">When it was heard.</param>
internal sealed record HeardStep(string Name, string Step, string By, DateTimeOffset At);

/// <summary>Hears of each step by <c>NOTIFY</c> on <see cref="Channel"/>, whose text is name, step and doer with spaces between.</summary>
internal sealed class ScheduleWatch : IAsyncDisposable
{
    /// <summary>Where it listens.</summary>
    public const string Channel = "bench";

    private readonly NpgsqlConnection _connection;
    private readonly ConcurrentQueue<HeardStep> _heard = new();
    private readonly ConcurrentDictionary<(string Name, string Step), DateTimeOffset> _first = new();
    private readonly CancellationTokenSource _stop = new();
    private Task _listening = Task.CompletedTask;

    private ScheduleWatch(NpgsqlConnection connection)
    {
        _connection = connection;
        _connection.Notification += (_, notice) => Hear(notice.Payload, TimeProvider.System.GetUtcNow());
    }

    /// <summary>All that was heard, in order.</summary>
    public IReadOnlyCollection<HeardStep> Heard => _heard;

    /// <summary>Begins to listen.</summary>
    /// <param name="connectionString">To which database.</param>
    public static async Task<ScheduleWatch> StartAsync(string connectionString)
    {
        var watch = new ScheduleWatch(new NpgsqlConnection(connectionString));
        await watch._connection.OpenAsync();
        await using var command = new NpgsqlCommand($"LISTEN {Channel}", watch._connection);
        await command.ExecuteNonQueryAsync();
        watch._listening = watch.ListenAsync();
        return watch;
    }

    /// <summary>When a step was heard of first; <see langword="null"/> while it was not.</summary>
    public DateTimeOffset? FirstOf(string name, string step) => _first.TryGetValue((name, step), out var at) ? at : null;

    /// <summary>How many steps were heard of more often than once, each counted as often as it was too many.</summary>
    public int Repeated => _heard.GroupBy(h => (h.Name, h.Step)).Sum(g => g.Count() - 1);

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
            // Disposed of.
        }
    }

    private void Hear(string payload, DateTimeOffset at)
    {
        if (payload.Split(' ') is [var name, var step, var by])
        {
            _heard.Enqueue(new(name, step, by, at));
            _first.TryAdd((name, step), at);
        }
    }
}
