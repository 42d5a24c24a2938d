using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Serialization;
using Broadcast.Media;

namespace Broadcast.Host;

/// <summary>What a running server says of itself: the first line of <c>--json</c>, and the file in the data folder by which commands find it.</summary>
/// <param name="Ready">Always true; the line is printed once everything can be used.</param>
/// <param name="Rtmp">Where encoders publish, without a path.</param>
/// <param name="Rtmps">The same in TLS.</param>
/// <param name="Http">Viewers, API and dashboard.</param>
/// <param name="Internal">Health and metrics.</param>
/// <param name="Data">The data folder.</param>
internal sealed record ServerAddresses(bool Ready, string Rtmp, string Rtmps, string Http, string Internal, string Data)
{
    /// <summary>HTTPS, when it listens.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Https { get; init; }

    /// <summary>This machine's address for others, when encoders may come from other machines and it has one.</summary>
    [JsonIgnore]
    public string? Elsewhere { get; init; }

    /// <summary>These addresses as others reach them: pages at the public address, encoders at its host name and the ports that are open here.</summary>
    /// <param name="publicUrl"><see cref="Listening.DeliveryOptions.PublicUrl"/>; without one, nothing changes.</param>
    public ServerAddresses At(string? publicUrl)
    {
        return Uri.TryCreate(publicUrl, UriKind.Absolute, out var pages) && pages.Host.Length > 0
            ? this with { Rtmp = Moved(Rtmp), Rtmps = Moved(Rtmps), Http = publicUrl.TrimEnd('/'), Elsewhere = null }
            : this;

        string Moved(string address)
        {
            var here = new Uri(address);
            return $"{here.Scheme}://{pages.Host}:{here.Port}";
        }
    }

    public static JsonSerializerOptions Json { get; } = new(JsonSerializerDefaults.Web) { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
}

/// <summary>The claim on a data folder: one server at a time, found by others through <c>server.json</c>.</summary>
internal sealed class RunningServer : IDisposable
{
    private const string LockName = "server.lock";
    private const string FileName = "server.json";
    private readonly DataFolder _data;
    private readonly FileStream _lock;

    private RunningServer(DataFolder data, FileStream held) => (_data, _lock) = (data, held);

    /// <summary>Claims the folder for this process.</summary>
    /// <exception cref="StartException">Another server uses it, or it cannot be written to.</exception>
    public static RunningServer Claim(DataFolder data)
    {
        try
        {
            // Only its owner may open it: whoever can open a file can lock it, and keep us out.
            var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None };
            if (!OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            }

            var held = new FileStream(Path.Combine(data.Path, LockName), options);
            File.Delete(Path.Combine(data.Path, FileName));
            return new RunningServer(data, held);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new StartException($"The data folder {data.Path} cannot be written to: {e.Message}. Give this user the right to, or name another with --data DIR.");
        }
        catch (IOException e) when (Find(data) is { } other)
        {
            throw new StartException($"A server is already running on {data.Path} (its address is {other.Http}). End it, or name another folder with --data DIR.", e);
        }
        catch (IOException e)
        {
            throw new StartException($"The data folder {data.Path} cannot be claimed: {e.Message} Another server may be starting on it; otherwise name another with --data DIR.", e);
        }
    }

    /// <summary>Finds the server that runs on a folder, or <see langword="null"/>.</summary>
    public static ServerAddresses? Find(DataFolder data)
    {
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(data.Path, FileName)));
            using var process = Process.GetProcessById(document.RootElement.GetProperty("pid").GetInt32());
            return process.HasExited ? null : document.RootElement.GetProperty("addresses").Deserialize<ServerAddresses>(ServerAddresses.Json);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException or ArgumentException or InvalidOperationException or KeyNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Lets others find this server.</summary>
    public void Announce(ServerAddresses addresses)
    {
        var path = Path.Combine(_data.Path, FileName);
        File.WriteAllText(path + ".new", JsonSerializer.Serialize(new { pid = Environment.ProcessId, addresses }, ServerAddresses.Json));
        File.Move(path + ".new", path, overwrite: true);
    }

    public void Dispose()
    {
        File.Delete(Path.Combine(_data.Path, FileName));
        _lock.Dispose();
    }
}
