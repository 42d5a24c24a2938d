using System.Net.Http.Json;
using System.Text.Json;
using Broadcast.Testing;

namespace Broadcast.Benchmarks;

/// <summary>
/// WebKitGTK, the engine of GNOME Web: its MiniBrowser on a virtual display (Xvfb), controlled by W3C WebDriver. Audible autoplay is
/// blocked.
/// </summary>
internal sealed class WebKitEngine() : BrowserEngine("WebKitGTK, hls.js", "")
{
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(60);

    private readonly TempFolder _home = TempFolder.Create();
    private ChildProcess? _screen;
    private ChildProcess? _driver;
    private HttpClient? _client;
    private string _session = "";

    public override async Task OpenAsync(Uri address)
    {
        // Selects a free display and prints its number.
        _screen = ChildProcess.Start("Xvfb", ["-displayfd", "1", "-screen", "0", "1280x900x24", "-nolisten", "tcp"]);
        var display = await _screen.WaitForLineAsync(line => int.TryParse(line, out _), StartTimeout);
        var port = FreePort.Next();
        _driver = ChildProcess.Start(
            "WebKitWebDriver",
            [$"--port={port}"],
            new Dictionary<string, string?>(StringComparer.Ordinal)
            {
                ["DISPLAY"] = $":{display}",
                ["HOME"] = _home.Path,
                ["XDG_RUNTIME_DIR"] = _home.Path,
                ["LIBGL_ALWAYS_SOFTWARE"] = "1",
                ["WEBKIT_DISABLE_DMABUF_RENDERER"] = "1",
            });
        _client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}"), Timeout = TimeSpan.FromSeconds(60) };
        await Poll.UntilAsync(async () => (await _client.GetAsync("/status")).IsSuccessStatusCode, StartTimeout, "WebKit's driver listens");
        var browser = Directory.EnumerateFiles("/usr/lib", "MiniBrowser",
            new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = true, MaxRecursionDepth = 3 }).FirstOrDefault()
            ?? throw new FileNotFoundException("WebKitGTK's MiniBrowser is not below /usr/lib: install webkit2gtk-driver.");
        var options = new Dictionary<string, object>(StringComparer.Ordinal)
        {
            ["browserName"] = "MiniBrowser",
            ["webkitgtk:browserOptions"] = new { binary = browser, args = new[] { "--automation" } },
        };
        var made = await SendAsync("/session", new { capabilities = new { alwaysMatch = options } });
        _session = made.GetProperty("sessionId").GetString()!;
        await SendAsync($"/session/{_session}/url", new { url = address.ToString() });
    }

    public override async Task<string> EvaluateAsync(string body) =>
        (await SendAsync($"/session/{_session}/execute/sync", new { script = body, args = Array.Empty<string>() })).GetString() ?? "";

    public override async ValueTask DisposeAsync()
    {
        _client?.Dispose();
        foreach (var process in new[] { _driver, _screen })
        {
            if (process is not null)
            {
                await process.DisposeAsync();
            }
        }

        await _home.DisposeAsync();
    }

    private async Task<JsonElement> SendAsync(string path, object body)
    {
        // Sets Content-Length: the driver does not support chunked requests.
        using var content = new StringContent(JsonSerializer.Serialize(body));
        using var response = await _client!.PostAsync(path, content);
        var value = (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("value");
        return response.IsSuccessStatusCode ? value : throw new InvalidOperationException($"WebKit refused {path}: {value}");
    }
}
