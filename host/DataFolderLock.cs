using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Serialization;
using Broadcast.Media;

namespace Broadcast.Host;

/// <summary>URLs of a running server: printed as the first line of <c>--json</c>, and stored in the data folder for commands.</summary>
/// <param name="Ready">Whether everything can be used.</param>
/// <param name="Rtmp">For encoders; <see langword="null"/> without role <c>ingest</c>.</param>
/// <param name="Rtmps">For encoders; <see langword="null"/> without role <c>ingest</c>.</param>
/// <param name="Http">For viewers, API and dashboard; <see langword="null"/> without the roles <c>origin</c> and <c>control</c>.</param>
/// <param name="Internal">For health checks, metrics and other servers.</param>
/// <param name="Data">The data folder.</param>
internal sealed record ServerUrls(
    bool Ready,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Rtmp,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Rtmps,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Http,
    string Internal,
    string Data)
{
    /// <summary>HTTPS URL, if enabled.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Https { get; init; }

    /// <summary>Address of the machine in its network, if encoders can connect to it.</summary>
    [JsonIgnore]
    public string? LanAddress { get; init; }

    /// <summary>The URLs as seen by clients: pages at the public URL, encoders at its host name with the local ports.</summary>
    /// <param name="publicUrl"><see cref="Broadcast.Host.Listening.DeliveryOptions.PublicUrl"/>; without it, nothing changes.</param>
    public ServerUrls WithPublicUrl(string? publicUrl)
    {
        return Uri.TryCreate(publicUrl, UriKind.Absolute, out var pages) && pages.Host.Length > 0
            ? this with
            {
                Rtmp = ToPublic(Rtmp), Rtmps = ToPublic(Rtmps), Http = Http is null ? null : publicUrl.TrimEnd('/'), LanAddress = null,
            }
            : this;

        string? ToPublic(string? address)
        {
            if (address is null)
            {
                return null;
            }

            var local = new Uri(address);
            return $"{local.Scheme}://{pages.Host}:{local.Port}";
        }
    }

    public static JsonSerializerOptions Json { get; } =
        new(JsonSerializerDefaults.Web) { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
}

/// <summary>The lock on a data folder: one server at a time, discoverable through <c>server.json</c>.</summary>
internal sealed class DataFolderLock : IDisposable
{
    private const string LockName = "server.lock";
    private const string FileName = "server.json";
    private readonly DataFolder _data;
    private readonly FileStream _lock;

    private DataFolderLock(DataFolder data, FileStream lockStream) => (_data, _lock) = (data, lockStream);

    /// <summary>Locks the folder for this process.</summary>
    /// <exception cref="StartException">Another server uses the folder, or it is not writable.</exception>
    public static DataFolderLock Acquire(DataFolder data)
    {
        try
        {
            // Accessible only to its owner: any user that can open the file could lock it.
            var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None };
            if (!OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            }

            var lockStream = new FileStream(Path.Combine(data.Path, LockName), options);
            File.Delete(Path.Combine(data.Path, FileName));
            return new DataFolderLock(data, lockStream);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new StartException(
                $"The data folder {data.Path} is not writable: {e.Message}. Give this user write permission, or choose another with "
                + "--data DIR.");
        }
        catch (IOException e) when (Find(data) is { } other)
        {
            throw new StartException(
                $"A server is already running on {data.Path} (at {other.Http ?? other.Internal}). Stop it, or choose another folder with --data DIR.", e);
        }
        catch (IOException e)
        {
            throw new StartException(
                $"The data folder {data.Path} cannot be locked: {e.Message} Another server may be starting on it; otherwise choose "
                + "another folder with --data DIR.", e);
        }
    }

    /// <summary>Finds the server running on a folder, or <see langword="null"/>.</summary>
    public static ServerUrls? Find(DataFolder data)
    {
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(data.Path, FileName)));
            using var process = Process.GetProcessById(document.RootElement.GetProperty("pid").GetInt32());
            return process.HasExited ? null : document.RootElement.GetProperty("urls").Deserialize<ServerUrls>(ServerUrls.Json);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException or ArgumentException
            or InvalidOperationException or KeyNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Publishes the URLs for commands.</summary>
    public void PublishUrls(ServerUrls urls)
    {
        var path = Path.Combine(_data.Path, FileName);
        File.WriteAllText(path + ".new", JsonSerializer.Serialize(new { pid = Environment.ProcessId, urls }, ServerUrls.Json));
        File.Move(path + ".new", path, overwrite: true);
    }

    public void Dispose()
    {
        File.Delete(Path.Combine(_data.Path, FileName));
        _lock.Dispose();
    }
}
