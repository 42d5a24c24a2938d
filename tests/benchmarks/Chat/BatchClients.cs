using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;

namespace Broadcast.Benchmarks;

/// <summary>Pages that read the batches of a channel, and participants who write over HTTP.</summary>
/// <param name="edge">Address of Varnish.</param>
/// <param name="channel">The channel.</param>
/// <param name="readers">Number of readers, each with its own connection.</param>
/// <param name="writers">Number of writers.</param>
/// <param name="deliveries">Receives the figures.</param>
internal sealed class BatchClients(Uri edge, string channel, int readers, int writers, ChatDeliveries deliveries) : IChatClients
{
    private const int ConnectTogether = 50;
    private readonly CancellationTokenSource _stopping = new();

    // Varnish closes connections that are idle for 5 s. A message that is sent in this moment would fail.
    private readonly HttpClient _http = new(new SocketsHttpHandler { PooledConnectionIdleTimeout = TimeSpan.FromSeconds(2) })
    {
        BaseAddress = edge, Timeout = TimeSpan.FromSeconds(30),
    };

    private readonly List<string> _tokens = [];
    private readonly List<Task> _readers = [];

    public async Task ConnectAsync()
    {
        for (var i = 0; i < writers; i++)
        {
            using var joined = await _http.PostAsJsonAsync($"/chat/{channel}/join", new { name = $"Writer {i}" });
            var identity = await joined.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonElement>();
            _tokens.Add(identity.GetProperty("token").GetString()!);
        }

        var batches = new ParsedBatches();
        var address = new IPEndPoint(IPAddress.Parse(edge.Host), edge.Port);
        while (_readers.Count < readers)
        {
            var group = Enumerable.Range(0, Math.Min(ConnectTogether, readers - _readers.Count))
                .Select(_ => new BatchReader(address, channel, batches, deliveries)).ToList();
            _readers.AddRange(group.Select(reader => reader.RunAsync(_stopping.Token)));
            await Task.WhenAll(group.Select(reader => reader.Ready));
        }
    }

    public async Task SendAsync(int writer, string text)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/chat/{channel}/messages");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _tokens[writer]);
        request.Content = JsonContent.Create(new { text });
        using var answer = await _http.SendAsync(request);
        if (answer.StatusCode != HttpStatusCode.Created)
        {
            throw new HttpRequestException($"{(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await Task.WhenAll(_readers);
        _http.Dispose();
        _stopping.Dispose();
    }
}
