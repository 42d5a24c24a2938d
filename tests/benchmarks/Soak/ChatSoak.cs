using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Broadcast.Testing;

namespace Broadcast.Benchmarks;

/// <summary>
/// <c>soak --chat MINUTES [--kills N] [--outages N] [--seed N]</c>: writers, voters, a moderator and pages behind Varnish, while the server
/// is killed and its database does not answer. Exit code 1 if an accepted message or vote is missing or there twice, a removed message is
/// still shown, a page shows something else than a new page, or the numbers of batches went back.
/// </summary>
internal static class ChatSoak
{
    private const string Channel = "chat";
    private const int Writers = 8;
    private const int Pages = 5;
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan CacheRest = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Warm = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan CatchUp = TimeSpan.FromSeconds(60);

    private static readonly Dictionary<string, string?> Options = new(VarnishEdge.Options, StringComparer.Ordinal)
    {
        ["BROADCAST__Chat__MessagesPerMinutePerClient"] = "100000",
        ["BROADCAST__Chat__JoinsPerMinutePerClient"] = "100000",
        ["BROADCAST__Chat__MessagesPerMinute"] = "600",
        ["BROADCAST__Control__WritesPerSecond"] = "0",
    };

    /// <summary>Runs the test.</summary>
    /// <param name="length">Time during which messages are written.</param>
    /// <param name="kills">Number of kill -9.</param>
    /// <param name="outages">Number of times that the database does not answer for 5 to 10 s.</param>
    /// <param name="seed">Seed of the random times and choices.</param>
    /// <param name="say">Receives progress messages.</param>
    public static async Task<int> RunAsync(TimeSpan length, int kills, int outages, int seed, Action<string> say)
    {
        await using var folder = TempFolder.Create();
        var file = folder.Sub("source.flv");
        await FfmpegTool.MakeFileAsync(file, new TestSource { Width = 640, Height = 360, VideoBitRate = 600_000, Seconds = 60 });
        var (http, rtmp) = (FreePort.Next(), FreePort.Next());
        await using var server = await BroadcastServer.StartAsync(
            ["--http", $"127.0.0.1:{http}", "--rtmp", $"127.0.0.1:{rtmp}", "--rtmps", "127.0.0.1:0"], Options);
        await using var edge = await VarnishEdge.StartAsync(server.Http);
        var channel = await server.AddChannelAsync(Channel, new { record = false, reconnectWindowSeconds = 300 });
        using var changed = await server.Api.PatchAsJsonAsync($"/api/v1/channels/{Channel}/chat", new { enabled = true });
        changed.EnsureSuccessStatusCode();
        using var stop = new CancellationTokenSource();
        using var stopPages = new CancellationTokenSource();
        var encoder = SoakEncoder.RunAsync(file, server.PublishUrl(channel), stopPages.Token);
        using var viewer = new HttpClient { BaseAddress = edge.Http, Timeout = TimeSpan.FromSeconds(30) };
        await Poll.UntilAsync(async () => (await viewer.GetAsync($"/live/{Channel}/chat.json")).IsSuccessStatusCode, CatchUp,
            "the chat can be read");

        var (findings, tally) = (new Findings(say), new ChatTally());
        var pages = Enumerable.Range(0, Pages).Select(_ => new ChatPage(viewer, Channel, findings)).ToList();
        var reading = pages.Select(page => page.RunAsync(stopPages.Token)).ToList();
        var random = new Random(seed);
        List<Task> acting = [ModerateAsync(server, tally, new Random(random.Next()), stop.Token),
            PollAsync(server, stop.Token)];
        for (var i = 0; i < Writers; i++)
        {
            acting.Add(WriteAsync(viewer, i, tally, findings, new Random(random.Next()), stop.Token));
        }

        await DisruptAsync(server, length, kills, outages, random, say);
        await stop.CancelAsync();
        await Task.WhenAll(acting);
        say($"{tally.Messages.Count} messages accepted; waits for the pages");
        await Task.Delay(Rest, TimeProvider.System);
        using var direct = new HttpClient { BaseAddress = server.Http };
        var fresh = new ChatPage(direct, Channel, findings);
        await fresh.ReadAsync(default);
        Judge(tally, fresh, findings);
        var removed = tally.Messages.Values.Where(message => message.State == TalliedState.Removed).Select(message => message.Text)
            .ToHashSet(StringComparer.Ordinal);
        foreach (var page in pages)
        {
            Compare(page, fresh, findings);
        }

        var votes = await JudgeVotesAsync(server, tally, findings);
        await Task.Delay(CacheRest - Rest, TimeProvider.System);
        var read = await SearchAsync(viewer, fresh.Session!, removed, findings);
        await stopPages.CancelAsync();
        await Task.WhenAll([.. reading, encoder]);
        Console.WriteLine(Render());
        return findings.IsClean && tally.Messages.Count > 0 && fresh.Shown.Count > 0 ? 0 : 1;

        string Render()
        {
            var text = new StringBuilder();
            text.Append(CultureInfo.InvariantCulture,
                $"### Chat: {length.TotalMinutes:0.#} minutes, {kills} kills, {outages} outages of the database (seed {seed})\n\n");
            text.Append("| what | figure |\n|---|---:|\n");
            Row("accepted messages", tally.Messages.Count);
            Row("of these removed by the moderator at the end", removed.Count);
            Row("of these whose last action had no response", tally.Messages.Values.Count(m => m.State == TalliedState.Unknown));
            Row("messages without response, stored or not", tally.Uncertain.Count);
            Row("messages that a new page shows", fresh.Shown.Count);
            Row("accepted votes", votes);
            Row("pages that followed through Varnish", pages.Count);
            Row("batches that each page has read, at least", pages.Min(page => page.Batches));
            Row("failed requests of pages", pages.Sum(page => page.Errors));
            Row("responses of Varnish that were searched for removed messages a minute later", read);
            Row("**accepted messages and votes that are missing or there twice**", findings.Lost.Count);
            Row("**sessions and batches that went back**", findings.Back.Count);
            Row("**removed messages that are shown, and pages that differ**", findings.Wrong.Count);
            foreach (var finding in findings.Lost.Concat(findings.Back).Concat(findings.Wrong))
            {
                text.Append(CultureInfo.InvariantCulture, $"\n- {finding}");
            }

            return text.ToString();

            void Row(string what, long figure) => text.Append(CultureInfo.InvariantCulture, $"| {what} | {figure} |\n");
        }
    }

    /// <summary>Writes about one message per second, and votes in each poll.</summary>
    private static async Task WriteAsync(HttpClient viewer, int number, ChatTally tally, Findings findings, Random random,
        CancellationToken stopping)
    {
        string? token = null;
        var voted = "";
        for (var count = 0; !stopping.IsCancellationRequested; count++)
        {
            await Task.Delay(TimeSpan.FromSeconds(0.5 + random.NextDouble()), CancellationToken.None);
            if (token is null)
            {
                var joined = await SendAsync(viewer, HttpMethod.Post, $"/chat/{Channel}/join", new { name = $"Writer {number}" }, null);
                token = joined is { Status: HttpStatusCode.OK or HttpStatusCode.Created, Body: { } identity }
                    ? identity.GetProperty("token").GetString() : null;
                continue;
            }

            var text = $"writer {number} message {count}";
            var sent = await SendAsync(viewer, HttpMethod.Post, $"/chat/{Channel}/messages", new { text }, token);
            if (sent is { Status: HttpStatusCode.Created, Body: { } message })
            {
                var id = message.GetProperty("id").GetString()!;
                if (!tally.Accept(id, text))
                {
                    findings.AddLost($"two messages have the id {id}");
                }
            }
            else if (sent.Status is null or >= HttpStatusCode.InternalServerError)
            {
                tally.AddUncertain(text);
            }

            var list = await SendAsync(viewer, HttpMethod.Get, $"/live/{Channel}/chat.json", null, null);
            if (list.Body is { } body && body.GetProperty("state").TryGetProperty("poll", out var poll)
                && poll.ValueKind == JsonValueKind.Object && poll.GetProperty("id").GetString() is { } pollId && pollId != voted)
            {
                voted = pollId;
                var vote = await SendAsync(viewer, HttpMethod.Post, $"/chat/{Channel}/votes", new { poll = pollId, choice = number % 2 },
                    token);
                if (vote.Status is HttpStatusCode.Created or HttpStatusCode.OK or HttpStatusCode.NoContent or null
                    or >= HttpStatusCode.InternalServerError)
                {
                    tally.Vote(pollId, isAccepted: vote.Status is not null and < HttpStatusCode.BadRequest);
                }
            }
        }
    }

    /// <summary>Removes a message each second, and shows every third of them again.</summary>
    private static async Task ModerateAsync(BroadcastServer server, ChatTally tally, Random random, CancellationToken stopping)
    {
        var actions = new Dictionary<string, string>(StringComparer.Ordinal);
        while (!stopping.IsCancellationRequested)
        {
            await Task.Delay(TimeSpan.FromSeconds(1), CancellationToken.None);
            if (random.Next(3) > 0 && tally.Pick(TalliedState.Shown, random) is { } shown)
            {
                tally.Change(shown, TalliedState.Unknown);
                var removed = await SendAsync(server.Api, HttpMethod.Post, $"/api/v1/channels/{Channel}/chat/actions",
                    new { action = "remove", message = shown, reason = "soak" }, null);
                if (removed is { Status: HttpStatusCode.Created, Body: { } action })
                {
                    actions[shown] = action.GetProperty("id").GetString()!;
                    tally.Change(shown, TalliedState.Removed);
                }
            }
            else if (tally.Pick(TalliedState.Removed, random) is { } removed && actions.Remove(removed, out var action))
            {
                tally.Change(removed, TalliedState.Unknown);
                var undone = await SendAsync(server.Api, HttpMethod.Post, $"/api/v1/channels/{Channel}/chat/actions/{action}/undo",
                    new { reason = "soak" }, null);
                if (undone.Status == HttpStatusCode.OK)
                {
                    tally.Change(removed, TalliedState.Shown);
                }
            }
        }
    }

    /// <summary>Starts a poll every 20 s.</summary>
    private static async Task PollAsync(BroadcastServer server, CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            await SendAsync(server.Api, HttpMethod.Post, $"/api/v1/channels/{Channel}/chat/polls",
                new { question = "Encore?", options = new[] { "Yes", "No" } }, null);
            await Task.Delay(TimeSpan.FromSeconds(20), stopping).ContinueWith(_ => { }, CancellationToken.None,
                TaskContinuationOptions.None, TaskScheduler.Default);
        }
    }

    /// <summary>Kills the server and suspends its database at random times.</summary>
    private static async Task DisruptAsync(BroadcastServer server, TimeSpan length, int kills, int outages, Random random,
        Action<string> say)
    {
        var time = TimeProvider.System;
        var start = time.GetTimestamp();
        var room = length - Warm;
        var all = Enumerable.Repeat(true, kills).Concat(Enumerable.Repeat(false, outages))
            .Select(isKill => (At: Warm + (room * random.NextDouble()), IsKill: isKill)).OrderBy(one => one.At);
        foreach (var (at, isKill) in all)
        {
            var wait = at - time.GetElapsedTime(start);
            await Task.Delay(wait > TimeSpan.Zero ? wait : TimeSpan.Zero, time);
            if (isKill)
            {
                await server.Kill();
                await server.RestartAsync();
                say("killed and started again");
                continue;
            }

            var postmaster = DatabaseMeter.PostmasterOf(server.Data);
            string[] processes = [.. new[] { postmaster }.Concat(ChildrenMeter.Of(postmaster))
                .Select(id => id.ToString(CultureInfo.InvariantCulture))];
            await ChildProcess.RunAsync("kill", ["-STOP", .. processes]);
            try
            {
                await Task.Delay(TimeSpan.FromSeconds(5 + (5 * random.NextDouble())), time);
            }
            finally
            {
                await ChildProcess.RunAsync("kill", ["-CONT", .. processes]);
            }

            say("the database answers again");
        }

        var rest = length - time.GetElapsedTime(start);
        await Task.Delay(rest > TimeSpan.Zero ? rest : TimeSpan.Zero, time);
    }

    /// <summary>Compares what a new page shows with what was accepted.</summary>
    private static void Judge(ChatTally tally, ChatPage fresh, Findings findings)
    {
        foreach (var (id, (text, state)) in tally.Messages)
        {
            var shown = fresh.Shown.GetValueOrDefault(id);
            if (state == TalliedState.Shown && shown != text)
            {
                findings.AddLost($"message {id} '{text}' is {(shown is null ? "missing" : $"shown as '{shown}'")}");
            }
            else if (state == TalliedState.Removed && shown is not null)
            {
                findings.AddWrong($"message {id} '{text}' was removed, and is shown");
            }
        }

        var known = tally.Messages.Values.Select(message => message.Text).Concat(tally.Uncertain).ToHashSet(StringComparer.Ordinal);
        foreach (var group in fresh.Shown.GroupBy(message => message.Value, StringComparer.Ordinal))
        {
            if (group.Count() > 1)
            {
                findings.AddLost($"'{group.Key}' is shown {group.Count()} times");
            }

            if (!known.Contains(group.Key))
            {
                findings.AddWrong($"'{group.Key}' is shown, and was not sent");
            }
        }
    }

    private static void Compare(ChatPage page, ChatPage fresh, Findings findings)
    {
        var (more, less) = (page.Shown.Keys.Except(fresh.Shown.Keys).ToList(), fresh.Shown.Keys.Except(page.Shown.Keys).ToList());
        if (more.Count + less.Count > 0)
        {
            findings.AddWrong($"a page shows {more.Count} messages that a new page does not show ({string.Join(", ", more.Take(5))}), and "
                + $"does not show {less.Count} others ({string.Join(", ", less.Take(5))})");
        }
    }

    private static async Task<long> JudgeVotesAsync(BroadcastServer server, ChatTally tally, Findings findings)
    {
        var polls = await server.Api.GetFromJsonAsync<JsonElement>($"/api/v1/channels/{Channel}/chat/polls");
        var counted = polls.EnumerateArray().ToDictionary(poll => poll.GetProperty("id").GetString()!,
            poll => poll.GetProperty("options").EnumerateArray().Sum(option => option.GetProperty("votes").GetInt64()),
            StringComparer.Ordinal);

        // The API lists the newest 100 polls.
        foreach (var (poll, (accepted, uncertain)) in tally.Votes.Where(poll => counted.Count < 100 || counted.ContainsKey(poll.Key)))
        {
            var votes = counted.GetValueOrDefault(poll);
            if (votes < accepted || votes > accepted + uncertain)
            {
                findings.AddLost($"poll {poll} has {votes} votes; {accepted} were accepted, and {uncertain} had no response");
            }
        }

        return tally.Votes.Values.Sum(votes => votes.Accepted);
    }

    /// <summary>Searches everything that Varnish serves for removed messages.</summary>
    /// <returns>Number of responses.</returns>
    private static async Task<long> SearchAsync(HttpClient viewer, string session, IReadOnlySet<string> removed, Findings findings)
    {
        var list = await viewer.GetFromJsonAsync<JsonElement>($"/live/{Channel}/chat.json");
        var (first, last) = (list.GetProperty("first").GetInt64(), list.GetProperty("last").GetInt64());
        List<string> paths = [$"/live/{Channel}/chat.json", $"/live/{Channel}/chat.json?after={last - 1}"];
        var minutes = new HashSet<long>();
        for (var number = first; number <= last; number++)
        {
            var path = string.Create(CultureInfo.InvariantCulture, $"/live/{Channel}/{session}/chat/{number}.json");
            paths.Add(path);
            foreach (var message in (await viewer.GetFromJsonAsync<JsonElement>(path)).GetProperty("messages").EnumerateArray())
            {
                minutes.Add(message.GetProperty("time").GetDateTimeOffset().ToUnixTimeSeconds() / 60);
            }
        }

        paths.AddRange(minutes.Select(minute =>
            string.Create(CultureInfo.InvariantCulture, $"/live/{Channel}/{session}/chat/at/{minute}.json")));
        foreach (var path in paths)
        {
            var body = await viewer.GetStringAsync(path);
            foreach (var text in removed.Where(text => body.Contains($"\"{text}\"", StringComparison.Ordinal)))
            {
                findings.AddWrong($"{path} has '{text}', which was removed");
            }
        }

        return paths.Count;
    }

    private static async Task<(HttpStatusCode? Status, JsonElement? Body)> SendAsync(HttpClient client, HttpMethod method, string path,
        object? body, string? token)
    {
        try
        {
            using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : JsonContent.Create(body) };
            request.Headers.Authorization = token is null ? client.DefaultRequestHeaders.Authorization
                : new AuthenticationHeaderValue("Bearer", token);
            using var response = await client.SendAsync(request);
            return (response.StatusCode, response.IsSuccessStatusCode && response.StatusCode != HttpStatusCode.NoContent
                ? await response.Content.ReadFromJsonAsync<JsonElement>() : null);
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException or JsonException or InvalidOperationException
            or ObjectDisposedException)
        {
            return (null, null);
        }
    }
}
