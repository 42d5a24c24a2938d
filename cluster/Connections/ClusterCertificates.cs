using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Broadcast.Media.ClusterToControl;

namespace Broadcast.Cluster.Connections;

/// <summary>
/// Certificates with which the servers of a cluster authenticate to each other (mutual TLS). The database keeps the authority; each server
/// issues its own certificate at start, and does not store it. Validity periods are not checked, because clocks may be wrong: a
/// certificate proves that its holder can read the database.
/// </summary>
public sealed class ClusterCertificates(IServerDirectory directory)
{
    private const string AuthorityName = "CN=Broadcast cluster";
    private static readonly DateTimeOffset NotBefore = new(2020, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset NotAfter = new(2120, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private readonly SemaphoreSlim _lock = new(1, 1);
    private volatile ServerCertificate? _current;

    /// <summary>Creates the keys of a new cluster.</summary>
    public static ClusterAuthority CreateAuthority()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(AuthorityName, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, true, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        using var certificate = request.CreateSelfSigned(NotBefore, NotAfter);
        return new ClusterAuthority(certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }

    /// <summary>Gets the certificate of this server. Issued on first use, and again when the server's id has changed.</summary>
    /// <exception cref="IOException">The database is unavailable.</exception>
    public async ValueTask<ServerCertificate> GetAsync(CancellationToken cancellationToken)
    {
        if (_current is { } current && current.Server == directory.Self)
        {
            return current;
        }

        await _lock.WaitAsync(cancellationToken);
        try
        {
            if (_current is { } known && known.Server == directory.Self)
            {
                return known;
            }

            return _current = Issue(await directory.GetAuthorityAsync(CreateAuthority, cancellationToken), directory.Self);
        }
        finally
        {
            _lock.Release();
        }
    }

    /// <summary>Issues a server's certificate.</summary>
    /// <exception cref="IOException">The authority is malformed.</exception>
    public static ServerCertificate Issue(ClusterAuthority authority, Guid server)
    {
        try
        {
            var issuer = X509Certificate2.CreateFromPem(authority.Certificate, authority.PrivateKey);
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var request = new CertificateRequest($"CN={server:D}", key, HashAlgorithmName.SHA256);
            request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
            request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
            using var issued = request.Create(issuer, NotBefore, NotAfter, RandomNumberGenerator.GetBytes(16));
            return new ServerCertificate(server, issued.CopyWithPrivateKey(key), issuer);
        }
        catch (Exception error) when (error is CryptographicException or ArgumentException)
        {
            throw new IOException($"The keys of the cluster in the database cannot be used: {error.Message}", error);
        }
    }
}

/// <summary>Certificate of a server, with its private key.</summary>
/// <param name="Server">Id of the server.</param>
/// <param name="Certificate">The certificate.</param>
/// <param name="Authority">The authority that issued it.</param>
public sealed record ServerCertificate(Guid Server, X509Certificate2 Certificate, X509Certificate2 Authority)
{
    /// <summary>Verifies a peer's certificate.</summary>
    /// <returns>Id of the peer; <see langword="null"/> when the cluster's authority did not issue the certificate.</returns>
    public Guid? Verify(X509Certificate? peer)
    {
        if (peer is null)
        {
            return null;
        }

        using var chain = new X509Chain();
        chain.ChainPolicy = CreateChainPolicy();
        using var certificate = new X509Certificate2(peer);
        return chain.Build(certificate) && PeerIdentity.TryParse(certificate, out var server) ? server : null;
    }

    /// <summary>
    /// Policy for the chain of a peer's certificate: only the authority is trusted, and nothing is downloaded, because an unverified
    /// certificate names the addresses.
    /// </summary>
    public X509ChainPolicy CreateChainPolicy() => new()
    {
        TrustMode = X509ChainTrustMode.CustomRootTrust,
        CustomTrustStore = { Authority },
        RevocationMode = X509RevocationMode.NoCheck,
        VerificationFlags = X509VerificationFlags.IgnoreNotTimeValid,
        DisableCertificateDownloads = true,
    };
}
