// Tells what node's own HTTP server reads: one line of JSON per request on standard output.
import { createServer } from 'node:http'

const server = createServer((request, response) => {
  const parts = []
  request.on('data', (part) => parts.push(part))
  request.on('end', () => {
    const body = Buffer.concat(parts).toString('base64')
    const { method, url, rawHeaders } = request
    console.log(JSON.stringify({ method, url, rawHeaders, body }))
    response.end('ok')
  })
})
server.on('checkContinue', (request, response) => {
  response.writeContinue()
  server.emit('request', request, response)
})
server.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ port: server.address().port })))
