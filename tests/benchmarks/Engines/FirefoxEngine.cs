using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Broadcast.Testing;

namespace Broadcast.Benchmarks;

/// <summary>
/// Firefox with audible autoplay, controlled by Marionette (length-prefixed JSON over TCP on loopback), which needs no separate driver.
/// </summary>
internal sealed class FirefoxEngine() : BrowserEngine("Firefox, hls.js", "")
{
    /// <summary>Maximum size of a response; typical responses have a few hundred bytes.</summary>
    private const int MaxAnswer = 1 << 20;

    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(60);

    private readonly TempFolder _profile = TempFolder.Create();
    private ChildProcess? _process;
    private TcpClient? _client;
    private int _commands;

    public override async Task OpenAsync(Uri address)
    {
        var port = FreePort.Next();
        await File.WriteAllLinesAsync(
            _profile.Sub("user.js"),
            [
                $"user_pref(\"marionette.port\", {port});", "user_pref(\"media.autoplay.default\", 0);",
                "user_pref(\"app.update.enabled\", false);",
                "user_pref(\"datareporting.policy.dataSubmissionEnabled\", false);",
                "user_pref(\"network.captive-portal-service.enabled\", false);",
            ]);
        var program = File.Exists("/usr/bin/firefox-esr") ? "firefox-esr" : "firefox";
        _process = ChildProcess.Start(
            program, ["--headless", "--marionette", "--no-remote", "--profile", _profile.Path],
            new Dictionary<string, string?>(StringComparer.Ordinal) { ["HOME"] = _profile.Path });
        _client = await Poll.ForAsync(() => ConnectAsync(port), StartTimeout, "Firefox listens");
        // The server sends a greeting first.
        await ReadAsync();
        await CommandAsync("WebDriver:NewSession", new { });
        await CommandAsync("WebDriver:Navigate", new { url = address.ToString() });
    }

    public override async Task<string> EvaluateAsync(string body) =>
        (await CommandAsync("WebDriver:ExecuteScript", new { script = body, args = Array.Empty<string>() })).GetProperty("value")
        .GetString() ?? "";

    public override async ValueTask DisposeAsync()
    {
        _client?.Dispose();
        if (_process is not null)
        {
            await _process.DisposeAsync();
        }

        await _profile.DisposeAsync();
    }

    private static async Task<TcpClient?> ConnectAsync(int port)
    {
        var client = new TcpClient();
        try
        {
            await client.ConnectAsync(IPAddress.Loopback, port);
            return client;
        }
        catch
        {
            client.Dispose();
            throw;
        }
    }

    private async Task<JsonElement> CommandAsync(string name, object parameters)
    {
        var message = JsonSerializer.SerializeToUtf8Bytes(new[] { 0, ++_commands, name, parameters });
        var stream = _client!.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"{message.Length}:"));
        await stream.WriteAsync(message);
        // Format: [1, number, error, result].
        var answer = await ReadAsync();
        return answer[2].ValueKind == JsonValueKind.Null
            ? answer[3]
            : throw new InvalidOperationException($"Firefox refused {name}: {answer[2].GetProperty("message").GetString()}");
    }

    private async Task<JsonElement> ReadAsync()
    {
        var stream = _client!.GetStream();
        var digits = new StringBuilder();
        var one = new byte[1];
        while (true)
        {
            await stream.ReadExactlyAsync(one);
            if (one[0] == (byte)':')
            {
                break;
            }

            digits.Append((char)one[0]);
        }

        var length = int.Parse(digits.ToString(), NumberStyles.None, CultureInfo.InvariantCulture);
        if (length > MaxAnswer)
        {
            throw new InvalidDataException($"Firefox answers with {length} bytes.");
        }

        var body = new byte[length];
        await stream.ReadExactlyAsync(body);
        return JsonDocument.Parse(body).RootElement;
    }
}
