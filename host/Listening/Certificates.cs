using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Broadcast.Media;

namespace Broadcast.Host.Listening;

/// <summary>Finds the server's certificate, or makes a self-signed one that is kept in the data folder.</summary>
internal static class Certificates
{
    /// <summary>Loads the configured certificate.</summary>
    /// <exception cref="StartException">It cannot be read; the message says which file and why.</exception>
    public static X509Certificate2 Load(TlsOptions options, DataFolder data, TimeProvider time)
    {
        if (options.CertificateFile is null)
        {
            return SelfSigned(data, time);
        }

        try
        {
            using var pem = X509Certificate2.CreateFromPemFile(options.CertificateFile, options.KeyFile);
            return X509CertificateLoader.LoadPkcs12(pem.Export(X509ContentType.Pfx), null);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new StartException(
                $"The certificate cannot be read (Tls:CertificateFile = {options.CertificateFile}, Tls:KeyFile = {options.KeyFile}): {e.Message} "
                + "Both must be PEM files that this user can read.");
        }
    }

    private static X509Certificate2 SelfSigned(DataFolder data, TimeProvider time)
    {
        var path = Path.Combine(data.Sub("tls"), "self-signed.pfx");
        var now = time.GetUtcNow();
        if (File.Exists(path))
        {
            try
            {
                var known = X509CertificateLoader.LoadPkcs12FromFile(path, null);
                if (known.NotAfter > now.AddDays(7).UtcDateTime)
                {
                    return known;
                }
            }
            catch (CryptographicException)
            {
                // Unreadable: made anew below, nothing depends on the old one.
            }
        }

        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=Broadcast self-signed", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        names.AddIpAddress(IPAddress.Loopback);
        names.AddIpAddress(IPAddress.IPv6Loopback);
        names.AddDnsName(Dns.GetHostName());
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddYears(1));
        var bytes = certificate.Export(X509ContentType.Pfx);
        WritePrivate(path, bytes);
        return X509CertificateLoader.LoadPkcs12(bytes, null);
    }

    private static void WritePrivate(string path, byte[] bytes)
    {
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using var file = new FileStream(path, options);
        file.Write(bytes);
    }
}
