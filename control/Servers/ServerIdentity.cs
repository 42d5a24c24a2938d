using System.Security.Cryptography;
using System.Text;
using Broadcast.Media;
using Microsoft.Extensions.Logging;

namespace Broadcast.Control.Servers;

/// <summary>
/// Identity of this server among those that share a database: a random id in its data folder, which survives restarts. If the folder cannot
/// store it, each start uses a new one.
/// </summary>
internal sealed class ServerIdentity(DataFolder folder, ILogger<ServerIdentity> logger, ServerRoles? roles = null)
{
    /// <summary>Name of the file in the data folder.</summary>
    public const string FileName = "server-id";

    private const int MaxFileBytes = 100;
    private readonly Lock _lock = new();
    private Guid? _id;

    /// <summary>Id of the server. Read from its file on first use, and created when there is no readable one.</summary>
    public Guid Id
    {
        get
        {
            lock (_lock)
            {
                return _id ??= Read() ?? Create(persist: true);
            }
        }
    }

    /// <summary>Indicates whether this run holds the lease of its id, which is then no other server's.</summary>
    public bool IsConfirmed { get; private set; }

    /// <summary>Id of this run, which distinguishes it from another process with the same server id.</summary>
    public Guid Run { get; } = Guid.NewGuid();

    /// <summary>Roles of this process. Only a server with role <c>media</c> owns sessions.</summary>
    public ServerRoles Roles { get; } = roles ?? ServerRoles.All;

    /// <summary>Display name: the machine name.</summary>
    public string Name { get; } = Environment.MachineName.Length > 255 ? Environment.MachineName[..255] : Environment.MachineName;

    /// <summary>
    /// Location of the server, as 64 hexadecimal digits derived from machine, boot of its kernel and data folder. A copied folder has the
    /// same server id but another location, also on a clone of the machine.
    /// </summary>
    public string Location => Convert.ToHexStringLower(
        SHA256.HashData(Encoding.UTF8.GetBytes($"{Environment.MachineName}\n{BootId}\n{Path.GetFullPath(folder.Path)}")));

    /// <summary>Random id of the boot of the machine's kernel; empty when it is not known.</summary>
    internal string BootId { get; init; } = ReadBootId();

    private string FilePath => Path.Combine(folder.Path, FileName);

    /// <summary>Creates a new id, because the current one belongs to another server.</summary>
    /// <param name="persist">Whether the id is stored for the next start.</param>
    public void Renew(bool persist)
    {
        lock (_lock)
        {
            _id = Create(persist);
            IsConfirmed = false;
        }
    }

    /// <summary>Records that this run holds the lease of the id.</summary>
    public void Confirm()
    {
        lock (_lock)
        {
            IsConfirmed = true;
        }
    }

    private static string ReadBootId()
    {
        try
        {
            return File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    private Guid? Read()
    {
        try
        {
            var file = new FileInfo(FilePath);
            if (!file.Exists)
            {
                return null;
            }

            if (file.Length <= MaxFileBytes && Guid.TryParseExact(File.ReadAllText(FilePath).Trim(), "D", out var id) && id != Guid.Empty)
            {
                return id;
            }

            ControlLog.ServerIdUnreadable(logger, FilePath, "it contains no valid id");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            ControlLog.ServerIdUnreadable(logger, FilePath, e.Message);
        }

        return null;
    }

    private Guid Create(bool persist)
    {
        var id = Guid.NewGuid();
        if (!persist || !Directory.Exists(folder.Path))
        {
            return id;
        }

        try
        {
            File.WriteAllText(FilePath + ".new", $"{id:D}\n");
            File.Move(FilePath + ".new", FilePath, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            ControlLog.ServerIdNotStored(logger, FilePath, e.Message);
        }

        return id;
    }
}
