using System.Globalization;
using System.Runtime.InteropServices;
using Broadcast.Testing;
using Npgsql;
using Quartz;

namespace Broadcast.Benchmarks;

/// <summary>
/// <c>control-quartz NAME CHECKIN [plan]</c>: one node of a clustered Quartz scheduler in its own process. Creates its tables; with
/// <c>plan</c> it schedules each row of <c>bench_plan</c> as a job with one trigger that fires once, with recovery. Fired jobs are inserted
/// into <c>bench_fired</c>. The connection string is passed in the environment.
/// </summary>
internal static class QuartzNode
{
    /// <summary>First argument that selects this mode.</summary>
    public const string Command = "control-quartz";

    /// <summary>Concurrent jobs of a node; Quartz's default.</summary>
    private const int Threads = 10;

    private const string DatabaseVariable = "BENCH_DATABASE";

    /// <summary>Starts a node.</summary>
    /// <param name="name">Name of the node in <c>bench_fired</c>.</param>
    /// <param name="connectionString">Connection string of its database.</param>
    /// <param name="checkin">Check-in interval of nodes. A node counts as dead when it is late by another interval.</param>
    /// <param name="plans">Whether this node schedules the jobs.</param>
    public static ChildProcess Start(string name, string connectionString, TimeSpan checkin, bool plans) => ChildProcess.Start(
        "dotnet",
        [
            "exec", "--runtimeconfig", Path.ChangeExtension(Repository.ServerProgram(), ".runtimeconfig.json"),
            typeof(QuartzNode).Assembly.Location, Command, name,
            checkin.TotalSeconds.ToString(CultureInfo.InvariantCulture), .. plans ? ["plan"] : Array.Empty<string>(),
        ],
        new Dictionary<string, string?> { [DatabaseVariable] = connectionString });

    /// <summary>Fires jobs until SIGTERM; writes a line of JSON when ready.</summary>
    public static async Task<int> RunAsync(string[] arguments)
    {
        if (arguments is not ([_, _] or [_, _, "plan"]) || Environment.GetEnvironmentVariable(DatabaseVariable) is not { } connectionString)
        {
            await Console.Error.WriteLineAsync($"usage: {DatabaseVariable}=… {Command} NAME CHECKIN [plan]");
            return 1;
        }

        using var stop = new CancellationTokenSource();
        using var told = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal =>
        {
            signal.Cancel = true;
            stop.Cancel();
        });
        await using var source = NpgsqlDataSource.Create(connectionString);
        FiredJob.Begin(arguments[0], source);
        var checkin = TimeSpan.FromSeconds(double.Parse(arguments[1], CultureInfo.InvariantCulture));
        var builder = QuartzSchedulerBuilder.Create(quartz =>
        {
            quartz.ConfigureScheduler(options =>
            {
                options.InstanceName = "bench";
                options.GenerateInstanceId = true;
            });
            quartz.UseDefaultThreadPool(Threads);
            quartz.UsePersistentStore(store =>
            {
                store.UsePostgres(connectionString);
                store.UseClustering(cluster =>
                {
                    cluster.CheckinInterval = checkin;
                    cluster.CheckinMisfireThreshold = checkin;
                });
                store.ProvisionSchema();
            });
        });
        var scheduler = await builder.BuildScheduler(CancellationToken.None);
        if (arguments.Length == 3)
        {
            await PlanAsync(scheduler, source);
        }

        await scheduler.Start(CancellationToken.None);
        Console.WriteLine("""{"ready":true}""");
        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await scheduler.Shutdown(waitForJobsToComplete: false);
        return 0;
    }

    private static async Task PlanAsync(IScheduler scheduler, NpgsqlDataSource source)
    {
        var planned = new List<(string Name, DateTimeOffset At)>();
        await using (var command = source.CreateCommand("SELECT name, planned_at FROM bench_plan"))
        await using (var reader = await command.ExecuteReaderAsync())
        {
            while (await reader.ReadAsync())
            {
                planned.Add((reader.GetString(0), new DateTimeOffset(reader.GetFieldValue<DateTime>(1), TimeSpan.Zero)));
            }
        }

        foreach (var (name, at) in planned)
        {
            var job = JobBuilder.Create<FiredJob>().WithIdentity(name).RequestRecovery().Build();
            var trigger = TriggerBuilder.Create<FiredJob>().WithIdentity(name).ForJob(job).StartAt(at).Build();
            await scheduler.ScheduleJob(job, trigger, cancellationToken: CancellationToken.None);
        }
    }
}

/// <summary>Records its execution time. Public because Quartz instantiates it.</summary>
public sealed class FiredJob : IJob
{
    private static string Node { get; set; } = "";

    private static NpgsqlDataSource? Source { get; set; }

    /// <summary>Sets the name and the database of this process.</summary>
    public static void Begin(string name, NpgsqlDataSource source) => (Node, Source) = (name, source);

    public async ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken = default)
    {
        var at = TimeProvider.System.GetUtcNow();
        await using var command = Source!.CreateCommand("INSERT INTO bench_fired (name, fired_at, fired_by) VALUES ($1, $2, $3)");
        command.Parameters.Add(new() { Value = context.JobDetail.Key.Name });
        command.Parameters.Add(new() { Value = at.UtcDateTime });
        command.Parameters.Add(new() { Value = Node });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
