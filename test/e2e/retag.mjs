// Puts the image of one tag under another in a registry without TLS, as a push by somebody else would.
//   REGISTRY_LOGIN=user:password node retag.mjs registry.test:5000/small FROM TO
const [repository, from, to] = process.argv.slice(2);
const at = repository.indexOf('/');
const url = (tag) => `http://${repository.slice(0, at)}/v2/${repository.slice(at + 1)}/manifests/${tag}`;
const authorization = `Basic ${Buffer.from(process.env.REGISTRY_LOGIN).toString('base64')}`;
const kinds = ['docker.distribution.manifest.v2', 'oci.image.manifest.v1', 'oci.image.index.v1'];
const accept = kinds.map((kind) => `application/vnd.${kind}+json`).join(', ');
const answer = await fetch(url(from), { headers: { authorization, accept } });
const put = await fetch(url(to), {
  method: 'PUT',
  headers: { authorization, 'content-type': answer.headers.get('content-type') ?? '' },
  body: await answer.text(),
});
if (!put.ok) throw new Error(`the registry answers ${put.status}`);
