using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Broadcast.Testing;

namespace Broadcast.Benchmarks;

/// <summary>
/// Time from a moderator's action until no response of Varnish contains a removed message any more: its batch, the list (when it was
/// pinned) and its minute. All of them are requested all the time, so that Varnish always has a copy, as with many viewers.
/// </summary>
internal static class RemovedMessages
{
    private const double Aim = 60;
    private const string Batch = "Batch";
    private const string List = "List, pinned message";
    private const string NewestMinute = "Minute, one of the two newest";
    private const string OldMinute = "Minute, older";

    /// <summary>Age from which on the minute of a message is neither the newest nor the one before.</summary>
    private static readonly TimeSpan OldAge = TimeSpan.FromMinutes(3);

    /// <summary>Time between two removals, so that they meet different ages of the copies in caches.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(3.3);

    /// <summary>Measures all rounds.</summary>
    public static async Task RunAsync(ChatPlan plan, string shared, SourceFile source, List<Report> reports, Action<string> progress)
    {
        Dictionary<string, List<double>> times = new[] { Batch, List, NewestMinute, OldMinute }
            .ToDictionary(row => row, _ => new List<double>());
        await using var chat = await ChatUnderTest.StartAsync(shared, source);
        using var viewer = new HttpClient { BaseAddress = chat.Edge.Http };
        using var writer = await JoinAsync(chat.Edge.Http);
        var session = await chat.SessionAsync();
        var old = new List<SentMessage>();
        for (var i = 0; plan.HasOldMinutes && i < plan.Rounds * plan.Removals; i++)
        {
            old.Add(await SendAsync(writer, viewer, session));
        }

        var sentAt = Stopwatch.GetTimestamp();
        for (var round = 1; round <= plan.Rounds; round++)
        {
            await RoundAsync(round, NewestMinute, await SendAllAsync(plan, writer, viewer, session));
        }

        for (var round = 1; plan.HasOldMinutes && round <= plan.Rounds; round++)
        {
            var rest = OldAge - Stopwatch.GetElapsedTime(sentAt);
            await Task.Delay(rest > TimeSpan.Zero ? rest : TimeSpan.Zero, TimeProvider.System);
            await RoundAsync(round, OldMinute, [.. old.Skip((round - 1) * plan.Removals).Take(plan.Removals)]);
        }

        var report = new Report(
            string.Create(CultureInfo.InvariantCulture, $"From a removal until no response of Varnish contains the message"),
            "seconds", ["median", "maximum", "number"]);
        reports.Add(report);
        foreach (var (row, figures) in times.Where(row => row.Value.Count > 0))
        {
            report.Add(row, Benchmarks.Aim.Under(Aim, figures.Max()), Sample.Median(figures), figures.Max(), figures.Count);
        }

        async Task RoundAsync(int round, string minute, IReadOnlyList<SentMessage> messages)
        {
            var pinned = messages[0];
            await chat.ActAsync(new { action = "pin", message = pinned.Id });
            var removals = new List<Task>();
            foreach (var message in messages)
            {
                List<(string Row, string Path)> paths = [(Batch, message.BatchPath), (minute, message.MinutePath)];
                if (message == pinned)
                {
                    paths.Add((List, $"/live/{ChatUnderTest.Channel}/chat.json"));
                }

                removals.Add(RemoveAsync(chat, viewer, message, paths, times));
                await Task.Delay(Interval, TimeProvider.System);
            }

            await Task.WhenAll(removals);
            progress(string.Create(CultureInfo.InvariantCulture,
                $"removal, round {round} of {plan.Rounds}, {minute}: at most {times[Batch].Max():0.0} s (batches), {times[minute].Max():0.0} s (minutes), {times[List].Max():0.0} s (list)"));
        }
    }

    private static async Task RemoveAsync(ChatUnderTest chat, HttpClient viewer, SentMessage message,
        IReadOnlyList<(string Row, string Path)> paths, Dictionary<string, List<double>> times)
    {
        var watches = paths.Select(path => new RemovalWatch(viewer, path.Path, message.Text)).ToList();
        using var stop = new CancellationTokenSource();
        var watching = watches.Select(watch => watch.RunAsync(stop.Token)).ToList();
        await Poll.UntilAsync(() => watches.TrueForAll(watch => watch.HasSeen), TimeSpan.FromSeconds(60),
            $"all responses contain message {message.Id}");
        var removedAt = Stopwatch.GetTimestamp();
        watches.ForEach(watch => watch.Begin());
        await chat.ActAsync(new { action = "remove", message = message.Id, reason = "bench" });
        await Task.WhenAll(watching);
        lock (times)
        {
            foreach (var (path, watch) in paths.Zip(watches))
            {
                times[path.Row].Add(Stopwatch.GetElapsedTime(removedAt, watch.CleanAt).TotalSeconds);
            }
        }
    }

    private static async Task<HttpClient> JoinAsync(Uri edge)
    {
        var client = new HttpClient { BaseAddress = edge };
        using var joined = await client.PostAsJsonAsync($"/chat/{ChatUnderTest.Channel}/join", new { name = "Writer" });
        var token = (await joined.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonElement>()).GetProperty("token").GetString();
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return client;
    }

    private static async Task<List<SentMessage>> SendAllAsync(ChatPlan plan, HttpClient writer, HttpClient viewer, string session)
    {
        var messages = new List<SentMessage>();
        while (messages.Count < plan.Removals)
        {
            messages.Add(await SendAsync(writer, viewer, session));
        }

        return messages;
    }

    private static async Task<SentMessage> SendAsync(HttpClient writer, HttpClient viewer, string session)
    {
        var text = $"remove {Guid.NewGuid():N}";
        using var sent = await writer.PostAsJsonAsync($"/chat/{ChatUnderTest.Channel}/messages", new { text });
        var id = (await sent.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetString()!;
        var folder = $"/live/{ChatUnderTest.Channel}/{session}/chat";
        var batch = $"{folder}/{id.Split('-')[0]}.json";
        var found = (await viewer.GetFromJsonAsync<JsonElement>(batch)).GetProperty("messages").EnumerateArray()
            .Single(message => message.GetProperty("id").GetString() == id);
        var minute = found.GetProperty("time").GetDateTimeOffset().ToUnixTimeSeconds() / 60;
        return new(id, text, batch, string.Create(CultureInfo.InvariantCulture, $"{folder}/at/{minute}.json"));
    }

    /// <summary>A message that will be removed.</summary>
    /// <param name="Id">Its id.</param>
    /// <param name="Text">Text that no other message contains.</param>
    /// <param name="BatchPath">Path of its batch.</param>
    /// <param name="MinutePath">Path of its minute.</param>
    private sealed record SentMessage(string Id, string Text, string BatchPath, string MinutePath);
}
