using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;

namespace Broadcast.Benchmarks;

/// <summary>
/// A page that follows the chat as <c>dashboard/src/chat/chatFeed.ts</c> does, and keeps all messages that it shows. It reads batches that
/// the list does not include one by one, and begins again when the session changes.
/// </summary>
internal sealed class ChatPage(HttpClient client, string channel, Findings findings)
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);
    private readonly Dictionary<string, string> _shown = new(StringComparer.Ordinal);
    private long _last;

    /// <summary>The session; <see langword="null"/> before the first response.</summary>
    public string? Session { get; private set; }

    /// <summary>Displayed texts by the id of their message.</summary>
    public IReadOnlyDictionary<string, string> Shown => _shown;

    /// <summary>Number of failed requests.</summary>
    public long Errors { get; private set; }

    /// <summary>Number of batches that it has read.</summary>
    public long Batches { get; private set; }

    /// <summary>Follows until cancellation.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                if (await ReadAsync(stopping))
                {
                    continue;
                }
            }
            catch (Exception e) when (e is HttpRequestException or JsonException or TaskCanceledException)
            {
                Errors += stopping.IsCancellationRequested ? 0 : 1;
            }

            await Task.Delay(Pause, CancellationToken.None);
        }
    }

    /// <summary>Reads the list and the batches that are new.</summary>
    /// <returns><see langword="false"/> when nothing is new.</returns>
    public async Task<bool> ReadAsync(CancellationToken stopping)
    {
        var after = Session is null ? "" : string.Create(CultureInfo.InvariantCulture, $"?after={_last}");
        var list = await client.GetFromJsonAsync<JsonElement>($"/live/{channel}/chat.json{after}", stopping);
        var (session, last) = (list.GetProperty("session").GetString()!, list.GetProperty("last").GetInt64());
        if (Session is not null && Session != session)
        {
            findings.AddBack($"session {session} follows session {Session}");
        }

        if (Session is null || Session != session)
        {
            (Session, _last) = (session, 0);
            _shown.Clear();
        }

        if (last < _last)
        {
            findings.AddBack($"the last batch is {last} after {_last}");
        }

        var included = list.TryGetProperty("batches", out var batches) ? batches.EnumerateArray().ToList() : [];
        var isNew = last > _last;
        for (var number = _last + 1; number <= last; number++)
        {
            Apply(included.Count == last - _last ? included[(int)(number - _last - 1)]
                : await client.GetFromJsonAsync<JsonElement>($"/live/{channel}/{session}/chat/{number}.json", stopping));
        }

        _last = Math.Max(_last, last);
        return isNew;
    }

    private void Apply(JsonElement batch)
    {
        Batches++;
        foreach (var id in batch.TryGetProperty("removed", out var removed) ? [.. removed.EnumerateArray()] : Array.Empty<JsonElement>())
        {
            _shown.Remove(id.GetString()!);
        }

        foreach (var message in batch.GetProperty("messages").EnumerateArray())
        {
            _shown[message.GetProperty("id").GetString()!] = message.GetProperty("text").GetString()!;
        }
    }
}
