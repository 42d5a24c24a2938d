using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Broadcast.Testing;

namespace Broadcast.Benchmarks;

/// <summary>
/// Requests per second of the API on one core shared with its PostgreSQL; the load generator uses another core. For comparison, the same
/// with a minimal web server and PostgreSQL.
/// </summary>
internal static class ApiBenchmark
{
    private const int ListedEvents = 50;
    private const string PerCore = "per CPU second";
    private const string Constant = "bare: a constant response";
    private const string Select = "bare: SELECT 1 per request";
    private const string Update = "bare: one changed row per request";
    private const string GetChannel = "GET a channel";
    private const string GetEvent = "GET an event";
    private const string ListEvents = "GET a list of 50 events";

    /// <summary>Least number of requests per second of the server's CPU time.</summary>
    private static readonly Dictionary<string, double> LeastPerCore = new(StringComparer.Ordinal)
    {
        [GetChannel] = 5000, [GetEvent] = 5000, [ListEvents] = 2500,
    };

    private static readonly TimeSpan Start = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Stop = TimeSpan.FromSeconds(30);

    /// <summary>Runs the benchmark.</summary>
    public static async Task RunAsync(ControlPlan plan, string shared, List<Report> reports, Action<string> progress)
    {
        var report = new Report(
            string.Create(CultureInfo.InvariantCulture,
                $"API on one core, {ApiLoad.Connections} persistent connections with one request at a time"),
            "per second; milliseconds; ratio; per second of server CPU; microseconds of CPU",
            ["per second", "p50", "p99", "of bare", "client's core", PerCore, "server CPU", "PostgreSQL CPU"]);
        reports.Add(report);
        var folder = Directory.CreateDirectory(Path.Combine(shared, "api")).FullName;
        var bare = await BareAsync(plan, folder, progress);
        var ours = await OursAsync(plan, folder, progress);
        foreach (var (row, rounds) in bare)
        {
            Add(row, rounds, null, null);
        }

        foreach (var (row, rounds) in ours)
        {
            Add(row, rounds, row.StartsWith("GET", StringComparison.Ordinal) ? bare[Select] : bare[Update],
                LeastPerCore.TryGetValue(row, out var least) ? least : null);
        }

        void Add(string row, List<ApiFigures> rounds, List<ApiFigures>? limit, double? least)
        {
            var perSecond = Sample.Median(rounds.Select(r => r.PerSecond));
            var server = Sample.Median(rounds.Select(r => r.ServerMicroseconds));
            report.Add(
                row, least is { } target ? Aim.AtLeast(target, 1e6 / server).For(PerCore) : Aim.None, perSecond,
                Sample.Median(rounds.Select(r => r.Median)), Sample.Median(rounds.Select(r => r.P99)),
                limit is null ? null : perSecond / Sample.Median(limit.Select(r => r.PerSecond)),
                Sample.Median(rounds.Select(r => r.ClientShare)), 1e6 / server, server,
                Sample.Median(rounds.Select(r => r.DatabaseMicroseconds)));
        }
    }

    private static async Task<Dictionary<string, List<ApiFigures>>> BareAsync(ControlPlan plan, string folder, Action<string> progress)
    {
        var data = Path.Combine(folder, "bare");
        await using var server = BareHost.Start(data);
        try
        {
            var port = new Uri((await server.WaitForJsonAsync(Start)).GetProperty("http").GetString()!).Port;
            return await MeasureAsync(plan, port, null, server.Id, data, folder, progress,
            [
                new(Constant, "GET", ["/constant"], null),
                new(Select, "GET", ["/select"], null),
                new(Update, "PATCH", [.. Enumerable.Range(0, ApiLoad.Connections).Select(i => $"/rows/{i}")], """{"title":"bench {n}"}"""),
            ]);
        }
        finally
        {
            await EndAsync(server, data);
        }
    }

    private static async Task<Dictionary<string, List<ApiFigures>>> OursAsync(ControlPlan plan, string folder, Action<string> progress)
    {
        var data = Directory.CreateDirectory(Path.Combine(folder, "server")).FullName;
        await using var server = ChildProcess.Start(
            "taskset",
            ["-c", Cores.Server, "dotnet", Repository.ServerProgram(), "serve", "--data", data, "--http", "127.0.0.1:0", "--rtmp",
                "127.0.0.1:0", "--rtmps", "127.0.0.1:0", "--internal", "127.0.0.1:0", "--json"],
            new Dictionary<string, string?> { ["BROADCAST__Slate__Enabled"] = "false", ["BROADCAST__Control__ReadsPerSecond"] = "0",
                ["BROADCAST__Control__WritesPerSecond"] = "0" });
        try
        {
            var http = new Uri((await server.WaitForJsonAsync(Start)).GetProperty("http").GetString()!);
            var token = (await ChildProcess.RunAsync("dotnet",
                [Repository.ServerProgram(), "token", "create", "--role", "admin", "--json", "--data", data])).EnsureSuccess().Json()
                .GetProperty("token").GetString()!;
            var events = await FillAsync(http, token);
            return await MeasureAsync(plan, http.Port, token, server.Id, data, folder, progress,
            [
                new(GetChannel, "GET", ["/api/v1/channels/bench-1"], null),
                new(GetEvent, "GET", [$"/api/v1/events/{events[0]}"], null),
                new(ListEvents, "GET", [$"/api/v1/events?limit={ListedEvents}"], null),
                new("PATCH a channel", "PATCH", [.. Enumerable.Range(0, ApiLoad.Connections).Select(i => $"/api/v1/channels/bench-{i}")],
                    """{"title":"bench {n}"}"""),
                new("PATCH an event", "PATCH", [.. events.Take(ApiLoad.Connections).Select(e => $"/api/v1/events/{e}")],
                    """{"title":"bench {n}"}"""),
            ]);
        }
        finally
        {
            await EndAsync(server, data);
        }
    }

    /// <summary>Creates channels, and an event of next week on each.</summary>
    /// <returns>Ids of the events.</returns>
    private static async Task<List<string>> FillAsync(Uri http, string token)
    {
        using var api = new HttpClient { BaseAddress = http };
        api.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        var (start, events) = (TimeProvider.System.GetUtcNow().AddDays(7), new List<string>());
        for (var i = 0; i < ListedEvents; i++)
        {
            using var channel = await api.PostAsJsonAsync("/api/v1/channels", new { name = $"bench-{i}", record = false });
            channel.EnsureSuccessStatusCode();
            using var made = await api.PostAsJsonAsync("/api/v1/events",
                new { title = $"Event {i}", channel = $"bench-{i}", start, end = start.AddHours(1) });
            made.EnsureSuccessStatusCode();
            using var body = JsonDocument.Parse(await made.Content.ReadAsStringAsync());
            events.Add(body.RootElement.GetProperty("id").GetString()!);
        }

        return events;
    }

    private static async Task<Dictionary<string, List<ApiFigures>>> MeasureAsync(
        ControlPlan plan, int port, string? token, int server, string data, string folder, Action<string> progress,
        IReadOnlyList<ApiRequest> requests)
    {
        var all = new Dictionary<string, List<ApiFigures>>();
        var paths = Path.Combine(folder, "paths");
        var postmaster = DatabaseMeter.PostmasterOf(data);
        async Task<ApiFigures> AskAsync(ApiRequest request, TimeSpan measured)
        {
            await File.WriteAllLinesAsync(paths, request.Paths);
            return await ApiLoad.AskAsync(port, request.Method, paths, request.Body, token, server, postmaster, measured);
        }

        foreach (var request in plan.WarmUp > TimeSpan.Zero ? requests : [])
        {
            progress($"warm-up: {request.Name}: {await AskAsync(request, plan.WarmUp)}");
        }

        for (var round = 1; round <= plan.Rounds; round++)
        {
            foreach (var request in requests)
            {
                var figures = await AskAsync(request, plan.Measured);
                progress($"round {round} of {plan.Rounds}: {request.Name}: {figures}");
                if (!all.TryGetValue(request.Name, out var rounds))
                {
                    all[request.Name] = rounds = [];
                }

                rounds.Add(figures);
            }
        }

        return all;
    }

    private static async Task EndAsync(ChildProcess server, string data)
    {
        try
        {
            await server.TerminateAsync(Stop);
        }
        catch (TimeoutException)
        {
            // Disposal kills the process; the measurements remain valid.
        }

        OrphanProcesses.End(data);
    }

    private sealed record ApiRequest(string Name, string Method, IReadOnlyList<string> Paths, string? Body);
}
